"""Clusters of similar rows within a class, from small to large: groupings for relations that nothing names.

Where no key explains why a head is more certain of validation rows than of test rows, similar rows are kept together
until it is not. Which level is right is decided by the test rows (`resemblance`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

SIZES = (1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0, 3.5, 4.0)
"""Mean number of rows per cluster."""

UNSURE = 0.2
"""Standard deviation, in log-odds, of what clusters take away from a trained network beyond what they take away from
the head by which they are chosen. Set after runs on drawn families: docs/claims.md."""

MOST_OF_CLASS = 3_000
"""Rows of a class; larger classes have no clusters."""


def cluster_levels(features: Floats, label: Ints) -> dict[float, Ints]:
    """Return the clusters of each level, by their mean size: int64 [N]; every row has a group.

    Average linkage of cosine distances within each class; all classes are cut at the same distance.

    Args:
        features: float32 [N, D].
        label: int64 [N].
    """
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9)
    trees = []
    for number in np.unique(label):
        rows = np.flatnonzero(label == number)
        if 1 < len(rows) <= MOST_OF_CLASS:
            trees.append((rows, linkage(pdist(unit[rows].astype(np.float64), "cosine"), "average")))
    if not trees:
        return {}
    heights = np.sort(np.concatenate([merges[:, 2] for _, merges in trees]))
    found, count = {}, sum(len(rows) for rows, _ in trees)
    for size in SIZES:
        merged = round(count * (1 - 1 / size))
        if 0 < merged <= len(heights):
            found[size] = _cut(trees, float(heights[merged - 1]), len(label))
    return found


def error_of_level(higher: Sequence[float], accuracy: Sequence[float], error: float) -> float:
    """Return the standard error of the accuracy with the chosen level, in log-odds.

    The certainty by which the level is chosen has an error; a line through all levels translates it.

    Args:
        higher: certainty of each level, see `resemblance.Resemblance`.
        accuracy: of a head with folds of each level, 0 … 1.
        error: standard error of `higher` of the chosen level.
    """
    inside = np.clip(accuracy, 0.01, 0.99)
    if len(inside) < 3 or np.ptp(higher) == 0:
        return UNSURE
    slope = float(np.polyfit(higher, np.log(inside / (1 - inside)), 1)[0])
    return float(np.hypot(slope * error, UNSURE))


def _cut(trees: list[tuple[Ints, NDArray[np.float64]]], height: float, count: int) -> Ints:
    group = np.arange(count, dtype=np.int64)
    first = count
    for rows, merges in trees:
        of_row = fcluster(merges, height, "distance")
        group[rows] = first + of_row
        first += int(of_row.max()) + 1
    return group
