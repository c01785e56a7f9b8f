"""Near-duplicates of drawings: candidate pairs, laid over each other, judged, and joined into groups."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sketchfit.duplicates.candidates import candidate_pairs
from sketchfit.duplicates.judge import judge
from sketchfit.duplicates.signature import Signatures, take_signature
from sketchfit.duplicates.verify import align, correlation, hypotheses

Index = NDArray[np.int64]
Loader = Callable[[int], "NDArray[np.uint8]"]

_CORRELATED = 0.85
_BATCH = 8192


@dataclass(frozen=True)
class NearDuplicates:
    """Copies among N drawings.

    Attributes:
        pairs: int64 [P, 2], first < second, sorted; in a very large group not every pair need be listed.
        score: float32 [P], 1 less the mean distance between the two drawings' lines as a share of their spread.
        kind: P descriptions of how the second comes from the first, e.g. `mirrored, tilted 5°, resized 0.80`.
        groups: connected components of two or more rows, each sorted, ordered by their first row.
    """

    pairs: Index
    score: NDArray[np.float32]
    kind: tuple[str, ...]
    groups: tuple[tuple[int, ...], ...]


def file_hash(source: Path | bytes) -> str:
    """BLAKE2b of a file's bytes, 32 hexadecimal digits: equal for exact copies."""
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def connected(pairs: Index, count: int) -> tuple[tuple[int, ...], ...]:
    """Connected components with two or more members of the graph on 0 … count-1 whose edges are `pairs` [P, 2]."""
    if not len(pairs):
        return ()
    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    label = connected_components(graph, directed=False)[1]
    members = np.unique(pairs)
    order = members[np.argsort(label[members], kind="stable")]
    bounds = np.flatnonzero(np.diff(label[order])) + 1
    return tuple(sorted(tuple(int(row) for row in part) for part in np.split(order, bounds)))


def _equal_pairs(digests: Sequence[bytes | str], rows: Index) -> Index:
    """Neighbours among rows with the same digest, [P, 2]: enough to join them all."""
    last: dict[bytes | str, int] = {}
    found = []
    for row in rows.tolist():
        if digests[row] in last:
            found.append((last[digests[row]], row))
        last[digests[row]] = row
    return np.array(found, np.int64).reshape(-1, 2)


def _likely(signatures: Signatures, pairs: Index) -> tuple[Index, Index, Index]:
    """Pairs [P, 2] whose spectra agree in some relative rotation, and the poses (pair, step) [H] to try for them."""
    kept, poses, steps, count = [np.zeros((0, 2), np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], 0
    for start in range(0, len(pairs), _BATCH):
        part = pairs[start : start + _BATCH]
        curve = correlation(signatures.spectrum[part[:, 0]], signatures.spectrum[part[:, 1]])
        likely = curve.max(axis=(1, 2)) >= _CORRELATED
        if likely.any():
            pair, step = hypotheses(curve[likely])
            kept.append(part[likely])
            poses.append(pair + count)
            steps.append(step)
            count += int(likely.sum())
    return np.concatenate(kept), np.concatenate(poses), np.concatenate(steps)


def find_near_duplicates(
    signatures: Signatures, image: Loader | None = None, digests: Sequence[bytes | str] | None = None, seed: int = 0
) -> NearDuplicates:
    """Find exact and near-duplicates: mirrored, rotated, tilted, resized, re-encoded, re-inked, inverted or thickened.

    Args:
        signatures: of all N drawings; blank ones are never joined.
        image: gives row k's image as it was when its signature was taken. With it, drawings too simple to be told apart
            by their lines alone are compared pixel by pixel; without it straight lines are never joined, and fewer
            simple, thickened or cut copies are.
        digests: N digests of the files or pixels; equal ones are joined at once.
        seed: of the hashing, for more than 16,384 drawings.

    Returns:
        `NearDuplicates`.
    """
    rows = np.flatnonzero(signatures.drawn).astype(np.int64)
    exact = np.zeros((0, 2), np.int64) if digests is None else _equal_pairs(digests, rows)
    pairs = rows[candidate_pairs(signatures.spectrum[rows], seed=seed)]
    if digests is not None:
        pairs = pairs[[digests[a] != digests[b] for a, b in pairs.tolist()]]
    pairs, pose, step = _likely(signatures, pairs)
    fit = align(signatures, pairs[:, 0], pairs[:, 1], pose, step)
    accepted, score, kind = judge(signatures, pairs, fit, image)
    every = np.concatenate([exact, pairs[accepted]])
    scores = np.concatenate([np.ones(len(exact), np.float32), score[accepted]])
    kinds = ["identical"] * len(exact) + [kind[p] for p in np.flatnonzero(accepted)]
    order = np.lexsort((every[:, 1], every[:, 0]))
    every = every[order]
    return NearDuplicates(every, scores[order], tuple(kinds[p] for p in order), connected(every, len(signatures)))


def take_signatures(image: Loader, count: int, workers: int | None = None) -> tuple[Signatures, tuple[bytes, ...]]:
    """Signatures of images 0 … count-1 and digests of their pixels, in threads.

    Args:
        image: gives row k's image, uint8 [H, W] or [H, W, C]; called from several threads.
        count: number of images.
        workers: threads; all processors if None.
    """
    signatures = Signatures.empty(count)

    def one(row: int) -> bytes:
        pixels = image(row)
        signatures.put(row, take_signature(pixels))
        shape = repr(pixels.shape).encode()
        return hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=16, key=shape).digest()

    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        return signatures, tuple(pool.map(one, range(count)))


def find(
    images: Loader | Sequence[NDArray[np.uint8]], count: int | None = None, workers: int | None = None
) -> NearDuplicates:
    """Find the near-duplicates among images: `take_signatures`, then `find_near_duplicates`.

    Args:
        images: a sequence of images, or what gives row k's image (called from threads, and again for a few rows).
        count: number of images; needed with a callable.
        workers: threads; all processors if None.

    Example:
        >>> find([circle, circle[:, ::-1], square]).groups
        ((0, 1),)
    """
    if callable(images):
        if count is None:
            raise ValueError("count is needed with a callable")
        loader: Loader = images
    else:
        loader, count = images.__getitem__, len(images)
    signatures, digests = take_signatures(loader, count, workers)
    return find_near_duplicates(signatures, loader, digests)
