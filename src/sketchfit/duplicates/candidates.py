"""Choose the pairs of drawings to align: few enough to be fast, with nearly all copies among them.

Up to some thousand drawings all pairs are compared by their invariants. Beyond that, the invariants become binary
hashes (signs of random projections, Charikar 2002) and pairs come from bit-sampling tables (locality-sensitive
hashing, Indyk & Motwani 1998) whose keys grow with the logarithm of the number of drawings, so that time and memory
grow nearly linearly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]

HASH_WORDS = 4
"""Number of 64-bit words of a hash."""
_BITS = 64 * HASH_WORDS
EXHAUSTIVE = 16_384
"""Of more drawings than this, pairs are found by hashing."""

_PART, _AT_ONCE = 16_384, 131_072
_BLOCK = 1024
_LIKENESS = 0.72
_WINDOW = 64
_PENDING = 8  # pairs per hash that are collected before those of all tables so far are joined
CROWDED = 24
"""Pairs per hash, on average, from which on only the nearest are kept."""

MOST_PARTNERS = 32
"""Of hashes that resemble many others, so many pairs are kept where hashes are crowded: those that differ least."""


def invariants(spectrum: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Compute what rotation and reflection do not change: magnitudes less their mean over all drawings, at unit norm.

    Args:
        spectrum: complex64 [N, R, K].

    Returns:
        float32 [N, R * (K - 1)]; frequency 0, the same for most drawings, is left out.
    """
    if len(spectrum) > _AT_ONCE:
        return _invariants_in_parts(spectrum)
    size = _magnitudes(spectrum)
    return _unit(size - size.mean(axis=0) if len(size) > 2 else size)


def _invariants_in_parts(spectrum: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Compute the same of many drawings, without further arrays of their size."""
    found = np.empty((len(spectrum), spectrum.shape[1] * (spectrum.shape[2] - 1)), np.float32)
    for start, part in zip(_starts(spectrum), _invariant_parts(spectrum), strict=True):
        found[start : start + len(part)] = part
    return found


def _invariant_parts(spectrum: NDArray[np.complex64]) -> Iterator[NDArray[np.float32]]:
    """Yield the same for some drawings after the other."""
    total = np.zeros(spectrum.shape[1] * (spectrum.shape[2] - 1))
    for start in _starts(spectrum):
        total += _magnitudes(spectrum[start : start + _PART]).sum(axis=0, dtype=np.float64)
    mean = (total / len(spectrum)).astype(np.float32)
    for start in _starts(spectrum):
        yield _unit(_magnitudes(spectrum[start : start + _PART]) - mean)


def _starts(drawings: Sized) -> range:
    return range(0, len(drawings), _PART)


def _magnitudes(spectrum: NDArray[np.complex64]) -> NDArray[np.float32]:
    return np.abs(spectrum[:, :, 1:]).reshape(len(spectrum), -1)


def _unit(size: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(size / np.maximum(np.linalg.norm(size, axis=1, keepdims=True), 1e-12), np.float32)


def hashes(features: NDArray[np.float32], seed: int = 0) -> NDArray[np.uint64]:
    """Compute signs of random projections: the share of differing bits is the angle between two features over pi.

    Args:
        features: float32 [N, D], from `invariants`.
        seed: of the projections.

    Returns:
        uint64 [N, HASH_WORDS].
    """
    return _hashes((features[start : start + _PART] for start in _starts(features)), features.shape[1], seed)


def _hashes(parts: Iterable[NDArray[np.float32]], columns: int, seed: int) -> NDArray[np.uint64]:
    projection = np.random.default_rng(seed).standard_normal((columns, _BITS), np.float32)
    packed = [np.packbits(part @ projection > 0, axis=1) for part in parts]
    return np.concatenate(packed or [np.zeros((0, _BITS // 8), np.uint8)]).view(np.uint64)


def hashes_of(spectrum: NDArray[np.complex64], seed: int = 0) -> NDArray[np.uint64]:
    """Compute the hashes of drawings; of many of them without the features of all, which take 2 KB per drawing.

    Args:
        spectrum: complex64 [N, R, K].
        seed: of the projections.

    Returns:
        uint64 [N, HASH_WORDS].
    """
    if len(spectrum) <= _AT_ONCE:
        return hashes(invariants(spectrum), seed)
    return _hashes(_invariant_parts(spectrum), spectrum.shape[1] * (spectrum.shape[2] - 1), seed)


def _keys(codes: NDArray[np.uint64], bits: NDArray[np.intp]) -> NDArray[np.uint32]:
    key = np.zeros(len(codes), np.uint32)
    for bit in bits:
        word = codes[:, bit // 64] >> np.uint64(bit % 64)
        key = (key << np.uint32(1)) | (word & np.uint64(1)).astype(np.uint32)
    return key


def _apart(codes: NDArray[np.uint64], a: Index, b: Index) -> NDArray[np.uint16]:
    """Return in how many bits hashes differ."""
    return np.asarray(np.bitwise_count(codes[a] ^ codes[b]).sum(axis=1, dtype=np.uint16))


def _nearest(pairs: Index, codes: NDArray[np.uint64], most: int) -> Index:
    """Return the pairs [P, 2] in which one is among the `most` partners that differ least from the other.

    Nothing is left out up to `CROWDED` pairs per hash on average.
    """
    if len(pairs) <= CROWDED * len(codes):
        return pairs
    apart = np.concatenate([_apart(codes, *pairs[at : at + _AT_ONCE].T) for at in range(0, len(pairs), _AT_ONCE)])
    row = pairs.T.ravel()
    order = np.lexsort((np.tile(apart, 2), row))
    row = row[order]
    further = np.zeros(len(row), bool)  # whether a row has `most` nearer partners
    further[most:] = row[most:] == row[:-most]
    near = np.zeros(len(pairs), bool)
    near[order[~further] % len(pairs)] = True
    return pairs[near]


def near_pairs(
    codes: NDArray[np.uint64], distance: int = 64, tables: int = 64, seed: int = 0, most: int = MOST_PARTNERS
) -> Index:
    """Find nearly all pairs of hashes that differ in at most `distance` bits, in nearly linear time.

    A pair that differs in a share d of the bits is found in one table with probability (1 - d) ** b, b = log2 N, and
    missed with (1 - (1 - d) ** b) ** tables: of a million hashes, one pair in 3,000 at d = 0.1, one in 100 at 0.125.
    If more hashes share a key than fit the window (thousands of similar drawings), each is compared only with its
    neighbours, in another order in each table. Where there are more than `CROWDED` pairs per hash, a pair is kept only
    if one is among the `most` nearest of the other. Then large groups of copies may lack pairs, and a copy that differs
    more than `most` other drawings may be missed.

    Args:
        codes: uint64 [N, W].
        distance: most differing bits.
        tables: number of tables.
        seed: of the choice of bits.
        most: partners of a hash where hashes are crowded.

    Returns:
        int64 [P, 2], first < second, sorted, unique.
    """
    count, rng = len(codes), np.random.default_rng(seed)
    width = int(np.clip(np.ceil(np.log2(max(count, 2))), 8, 30))
    kept, found = np.zeros((0, 2), np.int64), list[Index]()
    for _ in range(tables):
        key = _keys(codes, rng.choice(codes.shape[1] * 64, width, replace=False))
        shuffled = rng.permutation(count) if count else np.zeros(0, np.int64)
        order = shuffled[np.argsort(key[shuffled], kind="stable")]
        key = key[order]
        at = np.arange(count - 1)
        for offset in range(1, _WINDOW + 1):
            at = at[at + offset < count]
            at = at[key[at] == key[at + offset]]
            if not len(at):
                break
            a, b = order[at], order[at + offset]
            close = _apart(codes, a, b) <= distance
            a, b = a[close], b[close]
            found.append(np.minimum(a, b) * count + np.maximum(a, b))
        if sum(map(len, found)) > _PENDING * count:
            kept, found = _nearest(_joined(kept, found, count), codes, most), []
    return _nearest(_joined(kept, found, count), codes, most)


def _joined(pairs: Index, flat: list[Index], count: int) -> Index:
    """Return pairs [P, 2] and those of the numbers first * count + second, sorted and each once."""
    every = np.unique(np.concatenate([pairs[:, 0] * count + pairs[:, 1], *flat]))
    return np.stack([every // max(count, 1), every % max(count, 1)], axis=1)


def like_pairs(features: NDArray[np.float32], likeness: float = _LIKENESS) -> Index:
    """Return all pairs whose features have a cosine of at least `likeness`: int64 [P, 2], sorted."""
    found = [np.zeros((0, 2), np.int64)]
    for start in range(0, len(features), _BLOCK):
        cosine = features[start : start + _BLOCK] @ features[start:].T
        a, b = np.nonzero(np.triu(cosine, 1) >= likeness)
        found.append(np.stack([a + start, b + start], axis=1))
    return np.concatenate(found)


def candidate_pairs(spectrum: NDArray[np.complex64], exhaustive: int = EXHAUSTIVE, seed: int = 0) -> Index:
    """Return pairs of drawings that may be copies.

    Args:
        spectrum: complex64 [N, R, K] of drawn images only.
        exhaustive: with more drawings than this, pairs are found by hashing.
        seed: of the hashing.

    Returns:
        int64 [P, 2], first < second.
    """
    if len(spectrum) <= 2:
        return np.stack(np.triu_indices(len(spectrum), 1), axis=1).astype(np.int64)
    if len(spectrum) <= exhaustive:
        return like_pairs(invariants(spectrum))
    return near_pairs(hashes_of(spectrum, seed), round(_BITS * float(np.arccos(_LIKENESS)) / np.pi), seed=seed)
