"""Classes of which the training drawings of a fold have none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sketchfit.reporting.run.advice.findings import LackingClasses
from sketchfit.runs.table import TrainingRows

Ints = NDArray[np.int64]


def lacking_classes_of(rows: TrainingRows, validated: Ints, names: Sequence[str]) -> LackingClasses:
    """Find the drawings whose class is in their own fold only, in each repeat in which they are validated.

    Args:
        rows: all rows of the table.
        validated: int64 [n], the rows with out-of-fold probabilities.
        names: C, of the classes.
    """
    if not len(validated):
        return LackingClasses()
    without = np.stack([_alone(rows.label, fold, len(names)) for fold in rows.folds]) | (rows.folds < 0)
    found = validated[without[:, validated].all(axis=0) & (rows.folds[:, validated] >= 0).any(axis=0)]
    classes = np.unique(rows.label[found]).tolist()
    single = sum(len(np.unique(rows.group[rows.label == one])) == 1 for one in classes)
    return LackingClasses(tuple(names[one] for one in classes), len(found), single)


def _alone(label: Ints, fold: Ints, classes: int) -> NDArray[np.bool_]:
    """Whether all rows of a row's class are in its fold, bool [N]."""
    _, place = np.unique(fold, return_inverse=True)
    inside = np.bincount(label * (place.max() + 1) + place, minlength=classes * (place.max() + 1))
    own = inside.reshape(classes, -1)[label, place]
    return np.asarray(own == np.bincount(label, minlength=classes)[label])
