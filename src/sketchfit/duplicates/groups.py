"""Find near-duplicates of drawings: candidate pairs are aligned, accepted or refused, and joined into groups."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sketchfit.activity import activity
from sketchfit.duplicates.align import Poses, align, correlation, hypotheses
from sketchfit.duplicates.candidates import EXHAUSTIVE, candidate_pairs
from sketchfit.duplicates.judge import judge
from sketchfit.duplicates.signature import Signatures, take_signature
from sketchfit.processors import cores

Index = NDArray[np.int64]
Loader = Callable[[int], "NDArray[np.uint8]"]

_CORRELATED = 0.85
_BATCH = 8192


@dataclass(frozen=True)
class NearDuplicates:
    """Copies among N drawings.

    Attributes:
        pairs: int64 [P, 2], first < second, sorted; a very large group may lack some of its pairs.
        score: float32 [P], 1 less the mean distance between the two drawings' lines as a share of their spread.
        kind: P descriptions of how the second comes from the first, e.g. `mirrored, tilted 5°, resized 0.80`.
        groups: connected components of two or more rows, each sorted, ordered by their first row.
    """

    pairs: Index
    score: NDArray[np.float32]
    kind: tuple[str, ...]
    groups: tuple[tuple[int, ...], ...]


def connected(pairs: Index, count: int) -> tuple[tuple[int, ...], ...]:
    """Return the connected components of two or more of the nodes 0 … count-1 with edges `pairs` [P, 2]."""
    if not len(pairs):
        return ()
    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    label = connected_components(graph, directed=False)[1]
    members = np.unique(pairs)
    order = members[np.argsort(label[members], kind="stable")]
    bounds = np.flatnonzero(np.diff(label[order])) + 1
    return tuple(sorted(tuple(int(row) for row in part) for part in np.split(order, bounds)))


def _equal_pairs(digests: Sequence[bytes | str], rows: Index) -> Index:
    """Return consecutive rows with the same digest, [P, 2]: enough to join them all."""
    last: dict[bytes | str, int] = {}
    found = []
    for row in rows.tolist():
        if digests[row] in last:
            found.append((last[digests[row]], row))
        last[digests[row]] = row
    return np.array(found, np.int64).reshape(-1, 2)


def _likely(signatures: Signatures, pairs: Index) -> tuple[Index, Poses]:
    """Return the pairs [P, 2] whose spectra agree in some relative rotation, and the poses to try for them."""
    kept, poses, count = [np.zeros((0, 2), np.int64)], [], 0
    for start in range(0, len(pairs), _BATCH):
        part = pairs[start : start + _BATCH]
        curve = correlation(signatures.spectrum[part[:, 0]], signatures.spectrum[part[:, 1]])
        likely = curve.max(axis=(1, 2)) >= _CORRELATED
        if likely.any():
            found = hypotheses(curve[likely])
            kept.append(part[likely])
            poses.append(Poses(found.pair + count, found.step))
            count += int(likely.sum())
    return np.concatenate(kept), Poses.joined(poses)


@activity("near-duplicates")
def find_near_duplicates(
    signatures: Signatures, image: Loader | None = None, digests: Sequence[bytes | str] | None = None, seed: int = 0
) -> NearDuplicates:
    """Find exact and near-duplicates: mirrored, rotated, tilted, resized, re-encoded, re-inked, inverted or thickened.

    Args:
        signatures: of all N drawings; blank ones are never joined.
        image: returns row k's image as it was when its signature was taken. With it, drawings too simple to be
            distinguished by their lines alone are compared pixel by pixel. Without it, straight lines are never joined,
            and fewer simple, thickened or cut copies are.
        digests: N digests of the files or pixels; rows with equal digests are joined at once.
        seed: of the hashing, for more than 16,384 drawings.
    """
    rows = np.flatnonzero(signatures.drawn).astype(np.int64)
    exact = np.zeros((0, 2), np.int64)
    if digests is not None:
        exact = _equal_pairs(digests, rows)
        if len(rows) > EXHAUSTIVE:  # the first of equal ones is compared for all
            rows = np.setdiff1d(rows, exact[:, 1], assume_unique=True)
    every = len(rows) == len(signatures)
    pairs = rows[candidate_pairs(signatures.spectrum if every else signatures.spectrum[rows], seed=seed)]
    if digests is not None:
        number = np.unique(np.array(digests), return_inverse=True)[1]
        pairs = pairs[number[pairs[:, 0]] != number[pairs[:, 1]]]
    pairs, poses = _likely(signatures, pairs)
    fit = align(signatures, pairs, poses)
    accepted, score, kind = judge(signatures, pairs, fit, image)
    found = np.concatenate([exact, pairs[accepted]])
    scores = np.concatenate([np.ones(len(exact), np.float32), score[accepted]])
    kinds = ["identical"] * len(exact) + [kind[p] for p in np.flatnonzero(accepted)]
    order = np.lexsort((found[:, 1], found[:, 0]))
    found = found[order]
    return NearDuplicates(found, scores[order], tuple(kinds[p] for p in order), connected(found, len(signatures)))


def take_signatures(image: Loader, count: int, workers: int | None = None) -> tuple[Signatures, tuple[bytes, ...]]:
    """Take the signatures of images 0 … count-1 and digests of their pixels, in threads.

    Args:
        image: returns row k's image, uint8 [H, W] or [H, W, C]; called from several threads.
        count: number of images.
        workers: threads; all processors if None.
    """
    signatures = Signatures.empty(count)

    def one(row: int) -> bytes:
        pixels = image(row)
        signatures.put(row, take_signature(pixels))
        shape = repr(pixels.shape).encode()
        return hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=16, key=shape).digest()

    with ThreadPoolExecutor(workers or cores()) as pool:
        return signatures, tuple(pool.map(one, range(count)))


def find(
    images: Loader | Sequence[NDArray[np.uint8]], count: int | None = None, workers: int | None = None
) -> NearDuplicates:
    """Find the near-duplicates among images: `take_signatures`, then `find_near_duplicates`.

    Args:
        images: a sequence of images, or a function that returns row k's image. It is called from several threads, and
            again for a few rows.
        count: number of images; needed with a function.
        workers: threads; all processors if None.

    Examples:
        >>> page = np.full((96, 96), 255, np.uint8)
        >>> letter, corner = page.copy(), page.copy()
        >>> letter[20:70, 20:26] = letter[64:70, 20:60] = letter[20:26, 20:35] = 0
        >>> corner[20:70, 40:46] = corner[20:26, 20:70] = 0
        >>> found = find([letter, letter[:, ::-1], corner])
        >>> found.groups, found.kind
        (((0, 1),), ('mirrored',))
    """
    if callable(images):
        if count is None:
            raise ValueError("count is needed with a function")
        loader: Loader = images
    else:
        loader, count = images.__getitem__, len(images)
    signatures, digests = take_signatures(loader, count, workers)
    return find_near_duplicates(signatures, loader, digests)
