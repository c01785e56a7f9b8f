"""The likely cause of a difference between what was claimed and what was found on the test rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.intervals import Estimate

EXPLAINED = 0.5
"""A cause is named if it explains at least this share of the difference."""


@dataclass(frozen=True)
class TrueLabels:
    """The truth about the test rows.

    Attributes:
        accuracy: on the test rows.
        label: int64 [M], their classes.
    """

    accuracy: Estimate
    label: NDArray[np.int64]


@dataclass(frozen=True)
class Claimed:
    """What was claimed.

    Attributes:
        expected: accuracy of the answer to the test rows.
        label_free: estimate on the test rows without labels; None where there was none.
        right: bool [n], whether each out-of-fold row is right.
        label: int64 [n], its class.
        ungrouped: names of keys whose rows are related although folds separate them.
    """

    expected: Estimate
    label_free: float | None
    right: NDArray[np.bool_]
    label: NDArray[np.int64]
    ungrouped: tuple[str, ...] = ()


def likely_cause(claimed: Claimed, found: TrueLabels) -> str | None:
    """Return the likely cause, in one sentence; None where the claim holds."""
    if claimed.expected.low <= found.accuracy.value <= claimed.expected.high:
        return None
    gap = found.accuracy.value - claimed.expected.value
    if frequency_effect(claimed, found) / gap >= EXPLAINED:
        return "the classes have other frequencies in the test set than in training"
    if claimed.ungrouped and gap < 0:
        return (
            f"rows are related by {' and '.join(claimed.ungrouped)}, and folds separate them: set folds.group to keep "
            "them together"
        )
    if claimed.label_free is not None and (claimed.label_free - claimed.expected.value) / gap >= EXPLAINED:
        return (
            f"the test drawings are of another kind than the training drawings: without labels they looked like "
            f"{100 * claimed.label_free:.1f} %"
        )
    if gap < 0:
        return (
            "rows of the training table may be related by something that neither names nor features show (set "
            "folds.group to a column that names it), or labels of the test table may be wrong"
        )
    return "the test drawings are easier than the training drawings"


def frequency_effect(claimed: Claimed, found: TrueLabels) -> float:
    """Return the change of the out-of-fold accuracy if its classes had the frequencies of the test rows.

    Classes without out-of-fold rows count as the others do on average.
    """
    classes = int(max(claimed.label.max(initial=0), found.label.max(initial=0))) + 1
    counts = np.bincount(claimed.label, minlength=classes)
    plain = float(claimed.right.mean())
    by_class = np.full(classes, plain)
    known = counts > 0
    by_class[known] = np.bincount(claimed.label, weights=claimed.right, minlength=classes)[known] / counts[known]
    share = np.bincount(found.label, minlength=classes) / len(found.label)
    return float(share @ by_class) - plain
