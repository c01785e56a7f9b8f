"""Split-conformal prediction sets: sets of classes that hold the true one with a given probability.

After calibration on n out-of-fold rows, a new row that is exchangeable with them is covered with probability between
`coverage` and `coverage` + 1 / (n + 1), for any model (the upper bound holds where scores have no ties).
Near-duplicates among the calibration rows lower the effective n: pass one row per family where that matters.

Scores: `lac`, one minus the true class's probability: the smallest sets on average (Sadinle et al., 1609.00451).
`aps`, the total probability of the classes down to the true one: similar coverage on easy and hard rows (Romano et al.,
2006.02544). `raps`, the same with a penalty on long sets (Angelopoulos et al., 2009.14193).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sketchfit.inference import folding
from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.inference.intervals import Estimate, accuracy

Score = Literal["lac", "aps", "raps"]
RAPS_PENALTY = 0.01
RAPS_FREE = 5
_SLACK = 1e-9


@dataclass(frozen=True)
class ConformalSets:
    """A calibrated rule for sets.

    Attributes:
        score: `lac`, `aps` or `raps`.
        threshold: classes that score at most this are in the set; infinite where n is too small for the coverage.
        coverage: 0 … 1.
        n: calibration rows.
    """

    score: Score
    threshold: float
    coverage: float
    n: int

    def sets(self, prob: Floats) -> Bools:
        """Return the classes of each row's set, bool [N, C], for probabilities float [N, C].

        Each set has the most probable class, even if it scores badly, which can only raise coverage.
        """
        inside = np.asarray(scores(prob, self.score) <= self.threshold + _SLACK)
        inside[np.arange(len(prob)), prob.argmax(axis=1)] = True
        return inside


def scores(prob: Floats, score: Score) -> Floats:
    """Return the score of each class in each row, float64 [N, C]; low is better. Ties are ordered by class index."""
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
    """Return the rule whose sets hold the true class of a new row with probability at least `coverage`.

    Args:
        prob: float [n, C], out-of-fold.
        label: int [n].
        coverage: above 0, below 1.
        score: see the module.
    """
    if not 0 < coverage < 1:
        raise ValueError(f"coverage must be between 0 and 1, not {coverage}")
    own = np.sort(scores(prob, score)[np.arange(len(label)), label])
    place = int(np.ceil((len(own) + 1) * coverage - _SLACK))
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
