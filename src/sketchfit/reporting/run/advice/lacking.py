"""Classes of which the training drawings of a fold have none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sketchfit.reporting.run.advice.findings import LackingClasses
from sketchfit.reporting.run.lacking_rows import lacking_rows
from sketchfit.runs.table import TrainingRows

Ints = NDArray[np.int64]


def lacking_classes_of(rows: TrainingRows, validated: Ints, names: Sequence[str]) -> LackingClasses:
    """Find the drawings whose class is in their own fold only, in each repeat in which they are validated.

    Args:
        rows: all rows of the table.
        validated: int64 [n], the rows with out-of-fold probabilities.
        names: C, of the classes.
    """
    found = lacking_rows(rows, validated)
    classes = np.unique(rows.label[found]).tolist()
    single = sum(len(np.unique(rows.group[rows.label == one])) == 1 for one in classes)
    return LackingClasses(tuple(names[one] for one in classes), len(found), single)
