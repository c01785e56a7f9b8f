"""Finds relations between training rows: candidate keys and clusters, each with its evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.relations.clusters import tight_clusters
from sketchfit.relations.evidence import evidence
from sketchfit.relations.key import NO_VALUE, Key, own_groups
from sketchfit.relations.keys import candidate_keys
from sketchfit.relations.origins import Origins
from sketchfit.relations.ranking import Tested, rank_keys
from sketchfit.relations.space import compare_rows


@dataclass(frozen=True)
class FrozenFeatures:
    """Scaled features of the training rows that have any.

    Attributes:
        row: int64 [n], rows of the training table, ascending.
        values: float32 [n, D].
    """

    row: NDArray[np.int64]
    values: NDArray[np.float32]


def find_relations(
    origins: Origins, copies: Key, features: FrozenFeatures, always_cluster: bool = False
) -> tuple[Tested, ...]:
    """Test all candidate keys; where none relates rows, look for clusters.

    Args:
        origins: names, columns and EXIF fields of all rows.
        copies: near-duplicates, which count as one row.
        features: of the training rows.
        always_cluster: look for clusters even where keys relate rows.

    Returns:
        Related keys first. The key of clusters, if there are any, is named `cluster`; test rows have no value of it.
    """
    count, width = len(origins.train), features.values.shape[1]
    values, usable = np.zeros((count, width), dtype=np.float32), np.zeros(count, dtype=np.bool_)
    values[features.row], usable[features.row] = features.values, True
    space = compare_rows(values, origins.label, _complete(copies), usable)
    found = rank_keys(candidate_keys(origins), space)
    if always_cluster or not any(one.evidence.related for one in found):
        clusters = tight_clusters(space)
        if clusters is not None:
            unknown = np.full(len(origins.test), NO_VALUE, dtype=np.int64)
            key = Key("cluster", "cluster", clusters, unknown, nested=True)
            found = (Tested(key, evidence(space, clusters), "related"), *found)
    return found


def _complete(copies: Key) -> NDArray[np.int64] | None:
    return None if (copies.train == NO_VALUE).all() else own_groups(copies.train)
