"""Held-out rows whose class the networks have not learnt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sketchfit.runs.table import TrainingRows

Ints = NDArray[np.int64]


def lacking_rows(rows: TrainingRows, validated: Ints) -> Ints:
    """Find the rows whose class is in their own fold only, in each repeat in which they are validated.

    Args:
        rows: all rows of the table.
        validated: int64 [n], the rows with out-of-fold probabilities.

    Returns:
        int64 [k], some of `validated`.
    """
    if not len(validated):
        return validated
    without = np.stack([_alone(rows.label, fold) for fold in rows.folds]) | (rows.folds < 0)
    return validated[without[:, validated].all(axis=0) & (rows.folds[:, validated] >= 0).any(axis=0)]


def _alone(label: Ints, fold: Ints) -> NDArray[np.bool_]:
    """Whether all rows of a row's class are in its fold, bool [N]."""
    _, place = np.unique(fold, return_inverse=True)
    count = np.bincount(label)
    inside = np.bincount(label * (place.max() + 1) + place, minlength=len(count) * (place.max() + 1))
    own = inside.reshape(len(count), -1)[label, place]
    return np.asarray(own == count[label])
