"""Split-conformal prediction sets: sets of classes that hold the true one with a given probability.

After calibration on n out-of-fold rows, a new row that is exchangeable with them is covered with probability between
`coverage` and `coverage` + 1 / (n + 1), for any model (the upper bound holds where scores have no ties).
Near-duplicates among the calibration rows lower the effective n: pass one row per family where that matters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sketchfit.inference import folding
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.intervals import Estimate, accuracy
from sketchfit.inference.set_rule import SLACK, ConformalSets, Score, scores


def calibrate(prob: Floats, label: Ints, coverage: float, score: Score = "lac") -> ConformalSets:
    """Return the rule whose sets hold the true class of a new row with probability at least `coverage`.

    Args:
        prob: float [n, C], out-of-fold.
        label: int [n].
        coverage: above 0, below 1.
        score: see `set_rule`.
    """
    if not 0 < coverage < 1:
        raise ValueError(f"coverage must be between 0 and 1, not {coverage}")
    own = np.sort(scores(prob, score)[np.arange(len(label)), label])
    place = int(np.ceil((len(own) + 1) * coverage - SLACK))
    return ConformalSets(score, float(own[place - 1]) if place <= len(own) else float("inf"), coverage, len(own))


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
        group: int [N], the family of near-duplicates of each row; None: rows are independent.
    """
    inside = np.zeros(prob.shape, dtype=bool)
    folding.cross_fit(
        fold, lambda rest, held: calibrate(prob[rest], label[rest], coverage, score).sets(prob[held]), inside
    )
    size = inside.sum(axis=1)
    held_true = inside[np.arange(len(label)), label]
    return CoverageReport(accuracy(held_true, group), float(size.mean()), float((size == 1).mean()))
