"""Split-conformal prediction sets: sets of classes that hold the true one with a given probability.

After calibration on n out-of-fold rows, a new row that is exchangeable with them is covered with probability between
`coverage` and `coverage` + 1 / (n + 1), for any model (the upper bound holds where scores have no ties).

Related rows are no independent draws. Each group counts as one row, and its rows share that weight equally (Lee, Barber
& Willett 2023, arXiv 2306.06342). All rows are used, so that the rule does not depend on their order. A row of a new
group is covered with at least this probability if groups are exchangeable.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sketchfit.inference import folding
from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.inference.intervals import Estimate, accuracy
from sketchfit.inference.set_rule import SLACK, ConformalSets, Score, scores


def calibrate(
    prob: Floats, label: Ints, coverage: float, score: Score = "lac", group: Ints | None = None
) -> ConformalSets:
    """Return the rule whose sets hold the true class of a row of a new group with probability at least `coverage`.

    Args:
        prob: float [n, C], out-of-fold.
        label: int [n].
        coverage: above 0, below 1.
        score: see `set_rule`.
        group: int [n], related rows share a number; None: rows are independent.
    """
    if not 0 < coverage < 1:
        raise ValueError(f"coverage must be between 0 and 1, not {coverage}")
    own = scores(prob, score)[np.arange(len(label)), label]
    names = np.arange(len(label)) if group is None else group
    _, place, size = np.unique(names, return_inverse=True, return_counts=True)
    weight, groups = 1 / size[place], len(size)
    order = np.lexsort((weight, own))
    reached = np.searchsorted(np.cumsum(weight[order]), (groups + 1) * coverage - SLACK)
    return ConformalSets(score, float(own[order[reached]]) if reached < len(own) else float("inf"), coverage, groups)


@dataclass(frozen=True)
class CoverageReport:
    """Properties of sets on rows that they were not calibrated on.

    Attributes:
        coverage: share of rows whose set holds the true class.
        mean_size: mean number of classes per set.
        singletons: share of sets of one class, 0 … 1.
    """

    coverage: Estimate
    mean_size: float
    singletons: float


def cross_coverage(
    prob: Floats, label: Ints, fold: Ints, coverage: float, score: Score = "lac", group: Ints | None = None
) -> CoverageReport:
    """Return the coverage of each fold's rows by sets calibrated on all other folds.

    Args:
        prob, label, coverage, score: see `calibrate`.
        fold: int [N], at least two different values.
        group: int [N], see `calibrate`.
    """
    inside = np.zeros(prob.shape, dtype=bool)

    def sets(rest: Bools, held: Bools) -> Bools:
        related = None if group is None else group[rest]
        return calibrate(prob[rest], label[rest], coverage, score, related).sets(prob[held])

    folding.cross_fit(fold, sets, inside)
    size = inside.sum(axis=1)
    held_true = inside[np.arange(len(label)), label]
    return CoverageReport(accuracy(held_true, group), float(size.mean()), float((size == 1).mean()))
