"""Classes that are less accurate than all others by more than chance, and pairs that are confused more often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.multiple_tests import holm

ALPHA = 0.05
"""Corrected p-value below which a class counts as weak."""


def weak_classes(
    correct: NDArray[np.bool_], label: NDArray[np.int64], classes: int, group: NDArray[np.int64] | None
) -> list[int]:
    """Find weak classes, the one with the lowest accuracy first.

    A class is weak where so few right answers are improbable at the accuracy of all other drawings (one-sided binomial
    test, Holm's correction over the classes). Groups of related drawings are the units: a class counts as many as it
    has groups.

    Args:
        correct: bool [n].
        label: int64 [n].
        classes: number of classes.
        group: int64 [n], related rows share a number; None: rows are independent.
    """
    from scipy.stats import binom  # takes half a second to import

    rows, right = np.bincount(label, minlength=classes), np.bincount(label[correct], minlength=classes)
    known = np.flatnonzero((rows > 0) & (rows < len(label)))
    if not len(known):
        return []
    share = right[known] / rows[known]
    rest = (correct.sum() - right[known]) / (len(label) - rows[known])
    units = rows if group is None else _groups(label, group, classes)
    p_values = binom.cdf(np.ceil(share * units[known] - 1e-9), units[known], rest)
    weak = (holm(p_values) < ALPHA) & (share < rest)
    return [int(known[place]) for place in np.argsort(share, kind="stable") if weak[place]]


@dataclass(frozen=True)
class LowestClass:
    """A class with few right answers.

    Attributes:
        index: of the class.
        right, rows: right answers, of its drawings.
    """

    index: int
    right: int
    rows: int


def lowest_classes(correct: NDArray[np.bool_], label: NDArray[np.int64], classes: int) -> list[LowestClass]:
    """Return the classes that are less accurate than all drawings together, the lowest first, of equal ones the larger.

    Args:
        correct: bool [n].
        label: int64 [n].
        classes: number of classes.
    """
    rows, right = np.bincount(label, minlength=classes), np.bincount(label[correct], minlength=classes)
    known = np.flatnonzero(rows * correct.sum() > right * len(label))
    order = known[np.lexsort((-rows[known], right[known] / rows[known]))]
    return [LowestClass(int(one), int(right[one]), int(rows[one])) for one in order]


def often_confused(errors: int, wrong: int, classes: int, chance: float = 0.0) -> bool:
    """Return whether one pair of classes has more errors than chance gives to any.

    By chance all pairs are equally frequent, or as frequent as the sizes of their classes make them; the larger counts.

    Args:
        errors: between the two classes, related drawings once.
        wrong: all errors, related drawings once per pair.
        classes: number of classes, at least 2.
        chance: share of all errors that the sizes of the two classes give them; see `error_counts.ErrorCounts`.
    """
    from scipy.stats import binom

    pairs = classes * (classes - 1) / 2
    return bool(binom.sf(errors - 1, wrong, max(1 / pairs, chance)) * pairs < ALPHA)


def _groups(label: NDArray[np.int64], group: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    pairs = np.unique(np.stack([label, group]), axis=1)
    return np.bincount(pairs[0], minlength=classes)
