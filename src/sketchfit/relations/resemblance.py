"""How much validation resembles the test set: how certain a head is on validation rows, and on test rows.

A test drawing whose photo, object or drawer is also in the training set has a close relative there, and a head is
certain of its class; so it is of a validation row, if folds separate relatives. Folds with which the head is as certain
of validation rows as of test rows give the accuracy of test rows. Labels of test rows are not needed.

Papers: the same idea with distances in place of certainty is nearest neighbour distance matching, Milà et al. 2022
(doi 10.1111/2041-210X.13851), and k-fold NNDM, Linnenbrink et al. 2024 (doi 10.5194/gmd-17-5897-2024).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.folds import stratified_folds

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


CLEAR, CLEAR_ERRORS = 0.03, 3.0
"""How far validation rows must be above test rows to be clearly easier: this much, and so many standard errors."""


@dataclass(frozen=True)
class Certainty:
    """How certain a head is of rows.

    Attributes:
        margin: float32 [n], difference of the two highest scores.
        chosen: int64 [n], class with the highest score.
    """

    margin: Floats
    chosen: Ints


Judge = Callable[[Ints, Ints], tuple[Certainty, Certainty]]
"""Training rows to hold out, int64 [n], and test rows, int64 [m], to the certainty of both of a head that is fitted on
all other training rows."""


@dataclass(frozen=True)
class FoldPlan:
    """Folds as the run will make them: their number, and the seed."""

    k: int = 5
    seed: int = 0


@dataclass(frozen=True)
class Resemblance:
    """Certainty on validation rows compared with that on test rows, for one grouping.

    Attributes:
        higher: probability that a head is more certain of a validation row than of a test row, 0 … 1; 0.5 where they
            resemble each other.
        error: standard error of `higher`.
    """

    higher: float
    error: float

    @property
    def mismatch(self) -> float:
        """Distance of `higher` from 0.5, 0 … 0.5."""
        return abs(self.higher - 0.5)

    @property
    def too_easy(self) -> bool:
        """Whether validation rows are clearly easier than test rows."""
        return self.higher - 0.5 >= max(CLEAR, CLEAR_ERRORS * self.error)


def resemblances(
    judge: Judge, label: Ints, test_rows: int, groupings: Mapping[str, Ints], plan: FoldPlan
) -> dict[str, Resemblance]:
    """Compare validation and test rows for each grouping.

    Each test row is compared by the head of one fold, so that both sides are judged by heads of as many rows.
    Validation rows are weighted so that the head chooses each class as often as on the test rows: otherwise other class
    frequencies would look like relations.

    Args:
        judge: fits heads.
        label: int64 [N], classes.
        test_rows: their number, at least as many as there are folds.
        groupings: name to group of each training row, int64 [N]; every row has a group.
        plan: of the folds.
    """
    turn = np.arange(test_rows) % plan.k
    found = {}
    for name, group in groupings.items():
        part = stratified_folds(label, [1 / plan.k] * plan.k, plan.seed, group)
        valid, tested = _empty(len(label)), _empty(test_rows)
        for number in range(plan.k):
            held, of_test = np.flatnonzero(part == number), np.flatnonzero(turn == number)
            if len(held):
                both = judge(held, of_test)
                for whole, rows, one in zip((valid, tested), (held, of_test), both, strict=True):
                    whole.margin[rows], whole.chosen[rows] = one.margin, one.chosen
        found[name] = _compare(valid, tested, group)
    return found


def _empty(rows: int) -> Certainty:
    return Certainty(np.zeros(rows, dtype=np.float32), np.zeros(rows, dtype=np.int64))


def _compare(valid: Certainty, tested: Certainty, group: Ints) -> Resemblance:
    """Return the probability that a validation row is higher, with the error of clustered rows (DeLong et al. 1988).

    Test rows are taken to be as related to each other as training rows.
    """
    from scipy.stats import rankdata  # takes half a second to import

    n, m = len(valid.margin), len(tested.margin)
    ranks = rankdata(np.concatenate([valid.margin, tested.margin]))
    above = (ranks[:n] - rankdata(valid.margin)) / m  # share of test rows below each validation row
    below = 1 - (ranks[n:] - rankdata(tested.margin)) / n
    weight = _weights(valid.chosen, tested.chosen)
    higher = float(weight @ above)
    away = weight * (above - higher)
    of_valid = float((np.bincount(np.unique(group, return_inverse=True)[1], weights=away) ** 2).sum())
    independent = float((away**2).sum())
    design = max(of_valid / independent, 1.0) if independent > 0 else 1.0
    of_test = float(below.var()) / m * design
    return Resemblance(higher, float(np.sqrt(of_valid + of_test)))


def _weights(valid: Ints, tested: Ints) -> NDArray[np.float64]:
    """Return the weight of each validation row, float64 [n], sum 1, by how often its class is chosen on both sides.

    One row is added to each class, so that the weights of rare classes stay moderate.
    """
    classes = int(max(valid.max(initial=0), tested.max(initial=0))) + 1
    of_valid, of_test = (np.bincount(one, minlength=classes) + 1.0 for one in (valid, tested))
    weight = (of_test / of_test.sum() / (of_valid / of_valid.sum()))[valid]
    return np.asarray(weight / weight.sum())
