"""Tight clusters within a class, without any key: drawings after one model, views of one object, frames of one video.

Rows of each class are merged step by step, the two nearest clusters first (average linkage of cosine distances). Where
rows are independent, the distances of the merges have one mode: from similar drawings to different ones without a gap,
also where a class has several kinds of drawings. Where rows come in families, there are two modes, merges within
families and merges of families, with a valley between. Clusters are those below the valley, if it is deep. Families
that are not clearly apart in the features give no valley, and no clusters: a key from names or the table finds those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from sketchfit.relations.evidence import evidence
from sketchfit.relations.key import NO_VALUE, Groups
from sketchfit.relations.space import Floats, Space

DEEPEST = 0.6
"""Largest density in the valley, compared with the lower of the two modes. On sets of independent drawings it is 0.76
or more, in random subsets of 2 to 345 classes; where it is below 0.6, pairs of clusters agree with true families by an
F1 of 0.86 or more."""
LEAST_EFFECT = 0.4
"""Share by which rows of one cluster are nearer than rows of their class; see `KeyEvidence.effect`."""
_LEAST_SHARE, _LEAST_MERGES, _WIDTH, _COMPLETE = 0.05, 8, 0.06, 0.9
_GRID = np.linspace(0, 2, 401)
_NEAREST, _NEAR, _LOG_WIDTH, _LOG_DEEPEST = 0.01, 1.6, 0.1, 0.75
_LOG_GRID = np.log(np.geomspace(_NEAREST, 2, 300))
_LEAST_PARTS = 2.2
"""Clusters and single rows per class: two are opposite directions rather than families."""
_MOST_ROWS, _BLOCK, _SEED = 4000, 1024, 0


@dataclass(frozen=True)
class _Tree:
    """The merges of one class.

    Attributes:
        rows: positions in the space of the rows that are merged.
        others: positions of further rows of the class, if it is too large.
        merges: of scipy's `linkage`.
        weight: float64 [merges], rows of the smaller part of each merge.
    """

    rows: Groups
    others: Groups
    merges: NDArray[np.float64]
    weight: NDArray[np.float64]


def tight_clusters(space: Space) -> Groups | None:
    """Return the cluster of each training row, int64 [N]; -1 for rows that are in no cluster of two or more.

    Clusters are within one class. Of near-duplicates only one row is in a cluster, as in the space.

    Args:
        space: of the training rows.

    Returns:
        None where the features show no clusters.
    """
    trees = _trees(space)
    if not trees:
        return None
    height = np.concatenate([tree.merges[:, 2] for tree in trees])
    cut = _valley(height, np.concatenate([tree.weight for tree in trees]))
    if cut is None:
        return None
    found = np.full(space.total, NO_VALUE, dtype=np.int64)
    count = parts = 0
    for tree in trees:
        cluster = _cut(space, tree, cut)
        members = np.concatenate([tree.rows, tree.others])
        kept = cluster != NO_VALUE
        found[space.rows[members[kept]]] = cluster[kept] + count
        count += int(cluster.max(initial=-1)) + 1
        parts += int(cluster.max(initial=-1)) + 1 + int((~kept).sum())
    if parts < _LEAST_PARTS * len(trees):
        return None
    large_enough = (found != NO_VALUE).sum() >= max(_LEAST_SHARE * len(space.rows), _LEAST_MERGES)
    return found if large_enough and evidence(space, found).effect >= LEAST_EFFECT else None


def _trees(space: Space) -> list[_Tree]:
    """Return the merges of each class with three rows or more."""
    rng = np.random.Generator(np.random.Philox(key=_SEED))
    order = np.argsort(space.label, kind="stable")
    classes = np.split(order, np.flatnonzero(np.diff(space.label[order])) + 1)
    trees = []
    for members in classes:
        if len(members) < 3:
            continue
        mixed = members if len(members) <= _MOST_ROWS else members[rng.permutation(len(members))]
        rows = np.sort(mixed[:_MOST_ROWS])
        merges = linkage(pdist(_unit(space, rows), "sqeuclidean") / 2, "average")
        size = np.concatenate([np.ones(len(rows)), merges[:, 3]])
        weight = np.minimum(size[merges[:, 0].astype(np.int64)], size[merges[:, 1].astype(np.int64)])
        trees.append(_Tree(rows, mixed[_MOST_ROWS:], merges, weight))
    return trees


def _valley(height: NDArray[np.float64], weight: NDArray[np.float64]) -> float | None:
    """Return the distance at the bottom of the deepest valley of the density, if it is deep enough.

    Classes of few dimensions have merges at all scales: they may give a valley in the density of distances, but not in
    that of their logarithms.

    Args:
        height: float64 [merges], distance of each merge.
        weight: float64 [merges], rows that it joins: merges of large families are few.
    """
    order = np.argsort(height)
    height, weight = height[order], weight[order]
    below = np.searchsorted(height, _GRID)
    share = np.concatenate([[0], np.cumsum(weight)])[below] / weight.sum()
    usable = (np.minimum(below, len(height) - below) >= _LEAST_MERGES) & (np.minimum(share, 1 - share) >= _LEAST_SHARE)
    mirrored = np.concatenate([-height, height])  # distances are not negative
    depth = np.where(usable, _depth(mirrored, np.tile(weight, 2), _GRID, _WIDTH), 1.0)
    lowest = int(depth.argmin())
    if depth[lowest] > DEEPEST:
        return None
    logarithms = _depth(np.log(np.maximum(height, _NEAREST)), weight, _LOG_GRID, _LOG_WIDTH)
    near = np.abs(_LOG_GRID - np.log(_GRID[lowest])) < np.log(_NEAR)
    return float(_GRID[lowest]) if logarithms[near].min() <= _LOG_DEEPEST else None


def _depth(
    value: NDArray[np.float64], weight: NDArray[np.float64], grid: NDArray[np.float64], width: float
) -> NDArray[np.float64]:
    """Return the density at each place of a grid, compared with the lower of the highest densities on both sides."""
    density = np.zeros(len(grid))
    for part in np.array_split(np.arange(len(value)), -(-len(value) // _BLOCK)):
        density += np.exp(-0.5 * ((grid[:, None] - value[part]) / width) ** 2) @ weight[part]
    density = np.maximum(density, 1e-300)
    depth: NDArray[np.float64] = density / np.minimum(
        np.maximum.accumulate(density), np.maximum.accumulate(density[::-1])[::-1]
    )
    return depth


def _cut(space: Space, tree: _Tree, cut: float) -> Groups:
    """Return the clusters of a class's rows and others, numbered from 0; -1 for rows that are alone.

    A cluster of nearly the complete class is no family: folds could not keep it together.
    """
    cluster = fcluster(tree.merges, cut, "distance").astype(np.int64) - 1
    if len(tree.others):
        cluster = np.concatenate([cluster, _nearest_cluster(space, tree, cluster, cut)])
    sizes = np.bincount(cluster[cluster != NO_VALUE])
    family = (sizes > 1) & (sizes < _COMPLETE * len(cluster))
    number = np.where(family, np.cumsum(family) - 1, NO_VALUE)
    return np.where(cluster == NO_VALUE, NO_VALUE, number[cluster])


def _nearest_cluster(space: Space, tree: _Tree, cluster: Groups, cut: float) -> Groups:
    """Return the cluster of the nearest merged row of each further row; -1 where none is nearer than the cut."""
    merged, found = _unit(space, tree.rows), np.full(len(tree.others), NO_VALUE, dtype=np.int64)
    for part in np.array_split(np.arange(len(tree.others)), -(-len(tree.others) // _BLOCK)):
        cosine = _unit(space, tree.others[part]) @ merged.T
        near = 1 - cosine.max(axis=1) <= cut
        found[part[near]] = cluster[cosine.argmax(axis=1)[near]]
    return found


def _unit(space: Space, rows: Groups | Sequence[int]) -> Floats:
    """Return the directions of rows at unit length."""
    unit = space.unit[rows]
    directions: Floats = unit / (np.linalg.norm(unit, axis=1, keepdims=True) + 1e-12)
    return directions
