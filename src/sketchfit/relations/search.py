"""Finds relations between training rows: candidate keys and clusters, each with its evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.relations.clusters import tight_clusters
from sketchfit.relations.evidence import evidence, related_beyond
from sketchfit.relations.key import NO_VALUE, Groups, Key, own_groups, pair_counts
from sketchfit.relations.keys import find_candidates
from sketchfit.relations.origins import Origins
from sketchfit.relations.ranking import RELATED, Tested, rank_keys, sort_tested
from sketchfit.relations.space import Space, compare_rows

CLUSTER = "cluster"
CONTAINED = 0.9
"""Share of the pairs of clusters that are in one group of a key which contains the clusters."""


@dataclass(frozen=True)
class SearchFeatures:
    """Scaled features of the training rows that have any.

    Attributes:
        row: int64 [n], rows of the training table, ascending.
        values: float32 [n, D].
    """

    row: NDArray[np.int64]
    values: NDArray[np.float32]


def find_relations(origins: Origins, copies: Key, features: SearchFeatures) -> tuple[Tested, ...]:
    """Test all candidate keys, and look for clusters.

    Args:
        origins: names, columns and EXIF fields of all rows.
        copies: near-duplicates, which count as one row.
        features: of the training rows.

    Returns:
        Related keys first. The key of clusters, if there are any, is named `cluster`; test rows have no value of it.
        Its verdict is `part` where a related key contains the clusters.
    """
    count, width = len(origins.train), features.values.shape[1]
    values, usable = np.zeros((count, width), dtype=np.float32), np.zeros(count, dtype=np.bool_)
    values[features.row], usable[features.row] = features.values, True
    space = compare_rows(values, origins.label, _complete(copies), usable)
    candidates = find_candidates(origins)
    found = rank_keys(candidates.keys, space, candidates.traits)
    clusters = tight_clusters(space)
    if clusters is None:
        return found
    found = tuple(_next_to_clusters(one, clusters, space) for one in found)
    unknown = np.full(len(origins.test), NO_VALUE, dtype=np.int64)
    key = Key(CLUSTER, "cluster", clusters, unknown, nested=True)
    around = [one.key.name for one in found if one.verdict in RELATED and contains(one.key.train, clusters)]
    verdict = Tested(key, evidence(space, clusters), "part" if around else "related", around[0] if around else "")
    return sort_tested([*found, verdict])


def _next_to_clusters(one: Tested, clusters: Groups, space: Space) -> Tested:
    """Return a related key as explained if rows of its groups are related only within clusters."""
    if one.verdict not in RELATED or contains(one.key.train, clusters):
        return one
    both = pair_counts(own_groups(one.key.train), own_groups(clusters))[1]
    if related_beyond(space, one.key.train, both) is False:
        return replace(one, verdict="explained", other=CLUSTER)
    return one


def contains(group: Groups, clusters: Groups) -> bool:
    """Return whether nearly all pairs of rows of one cluster are in one group.

    Args:
        group, clusters: int64 [N]; -1 for rows without a value.
    """
    has_value = clusters != NO_VALUE
    counts = pair_counts(clusters[has_value], own_groups(group)[has_value])[2]
    sizes = np.bincount(clusters[has_value])
    return bool((counts * (counts - 1)).sum() >= CONTAINED * (sizes * (sizes - 1)).sum())


def _complete(copies: Key) -> NDArray[np.int64] | None:
    return None if (copies.train == NO_VALUE).all() else own_groups(copies.train)
