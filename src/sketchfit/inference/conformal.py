"""Split-conformal prediction sets: sets of classes that hold the true one with a chosen probability.

Calibrated on n out-of-fold rows, a new row that is exchangeable with them is covered with probability between
`coverage` and `coverage` + 1 / (n + 1) (the upper bound where scores have no ties), whatever the model.
Near-duplicates among the
calibration rows make the rows count for less: pass one a family where that matters.

Scores: `lac`, one minus the true class's probability: the smallest sets on average (Sadinle et al., 1609.00451).
`aps`, the
probability of all classes down to the true one: coverage more even over easy and hard rows (Romano et al., 2006.02544).
`raps`, the same with a penalty on long sets (Angelopoulos et al., 2009.14193).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import betabinom

from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.inference.folding import each_fold
from sketchfit.inference.intervals import Estimate, accuracy

Score = Literal["lac", "aps", "raps"]
RAPS_PENALTY = 0.01
RAPS_FREE = 5
_SLACK = 1e-9


@dataclass(frozen=True)
class ConformalSets:
    """A calibrated rule for sets.

    Attributes:
        score: which score.
        threshold: classes that score at most this are in the set; infinite where n is too small for the coverage.
        coverage: 0 … 1, what was asked for.
        n: calibration rows.
    """

    score: Score
    threshold: float
    coverage: float
    n: int

    def sets(self, prob: Floats, allow_empty: bool = False) -> Bools:
        """Bool [N, C], the classes of each row's set.

        Args:
            prob: float [N, C].
            allow_empty: leave a set empty where no class scores well enough; else the most probable class is in every
                set, which can only raise coverage.
        """
        inside = np.asarray(scores(prob, self.score) <= self.threshold + _SLACK)
        if not allow_empty:
            inside[np.arange(len(prob)), prob.argmax(axis=1)] = True
        return inside


def scores(prob: Floats, score: Score) -> Floats:
    """Float64 [N, C], how badly each class fits each row: low fits well. Ties are ordered by class index."""
    p = prob.astype(np.float64)
    if score == "lac":
        return np.asarray(1 - p)
    order = np.argsort(-p, axis=1, kind="stable")
    total = np.cumsum(np.take_along_axis(p, order, axis=1), axis=1)
    if score == "raps":
        total += RAPS_PENALTY * np.maximum(np.arange(1, p.shape[1] + 1) - RAPS_FREE, 0)
    out = np.empty_like(p)
    np.put_along_axis(out, order, total, axis=1)
    return out


def calibrate(prob: Floats, label: Ints, coverage: float, score: Score = "lac") -> ConformalSets:
    """The rule whose sets hold the true class of a new row with probability at least `coverage`.

    Args:
        prob: float [n, C], out-of-fold.
        label: int [n].
        coverage: above 0, below 1.
        score: see the module.
    """
    if not 0 < coverage < 1:
        raise ValueError(f"coverage must lie between 0 and 1, not {coverage}")
    own = np.sort(scores(prob, score)[np.arange(len(label)), label])
    place = int(np.ceil((len(own) + 1) * coverage - _SLACK))
    return ConformalSets(score, float(own[place - 1]) if place <= len(own) else float("inf"), coverage, len(own))


@dataclass(frozen=True)
class CoverageReport:
    """What sets do on rows that they were not calibrated on.

    Attributes:
        coverage: share of rows whose set holds the true class.
        mean_size: classes a set, mean.
        singletons: share of sets of one class, 0 … 1.
    """

    coverage: Estimate
    mean_size: float
    singletons: float


def cross_coverage(
    prob: Floats, label: Ints, fold: Ints, coverage: float, score: Score = "lac", group: Ints | None = None
) -> CoverageReport:
    """Coverage of each fold's rows by sets calibrated on all other folds (arguments: see `calibrate`; fold int [N])."""
    inside = np.zeros(prob.shape, dtype=bool)
    for _, held in each_fold(fold):
        inside[held] = calibrate(prob[~held], label[~held], coverage, score).sets(prob[held])
    size = inside.sum(axis=1)
    held_true = inside[np.arange(len(label)), label]
    return CoverageReport(accuracy(held_true, group), float(size.mean()), float((size == 1).mean()))


def expected_range(n: int, rows: int, coverage: float, level: float = 0.99) -> tuple[float, float]:
    """Within what shares the coverage of `rows` new rows lies with probability `level`, after calibration on n (no
    ties).

    Given the calibration rows, coverage is Beta(k, n + 1 - k) with k = ⌈(n + 1) · coverage⌉ (Vovk 2012), so the count
    of covered rows is beta-binomial.
    """
    k = int(np.ceil((n + 1) * coverage - _SLACK))
    if k > n:
        return 1.0, 1.0
    law = betabinom(rows, k, n + 1 - k)
    return float(law.ppf((1 - level) / 2)) / rows, float(law.ppf((1 + level) / 2)) / rows
