"""Finds relations between training rows: candidate keys and clusters, each with its evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.relations.evidence import Evidence, judge
from sketchfit.relations.key import NO_VALUE, Key, own_groups
from sketchfit.relations.keys import candidate_keys
from sketchfit.relations.origins import Origins
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


@dataclass(frozen=True)
class Tested:
    """A key and the evidence for it."""

    key: Key
    evidence: Evidence


def find_relations(origins: Origins, copies: Key, features: FrozenFeatures) -> tuple[Tested, ...]:
    """Test all candidate keys; where none relates rows, look for clusters.

    Args:
        origins: names, columns and EXIF fields of all rows.
        copies: near-duplicates, which count as one row.
        features: of the training rows.
    """
    count, width = len(origins.train), features.values.shape[1]
    values, usable = np.zeros((count, width), dtype=np.float32), np.zeros(count, dtype=np.bool_)
    values[features.row], usable[features.row] = features.values, True
    space = compare_rows(values, origins.label, _complete(copies), usable)
    keys = candidate_keys(origins)
    found = [Tested(key, one) for key, one in zip(keys, judge(keys, space), strict=True)]
    return tuple(found)


def _complete(copies: Key) -> NDArray[np.int64] | None:
    return None if (copies.train == NO_VALUE).all() else own_groups(copies.train)
