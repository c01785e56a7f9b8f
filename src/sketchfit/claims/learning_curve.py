"""How accuracy grows with the groups of the row's own class, measured by closed-form heads on frozen features.

The folds of the run are made again with other seeds. So the same row is validated with more or fewer groups of its
class left, while everything else stays about the same. The change of the log-odds of a right answer per unit of the
logarithm of the groups is the slope, from the differences between repeats of each row alone. It is combined with the
slope that is usual (`USUAL`), each weighted by its precision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.claims.units_left import units_per_class
from sketchfit.data.folds import stratified_folds

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

USUAL = (1.5, 0.75)
"""Slope and its standard deviation before the data are known."""

TRANSFER = 0.25
"""Standard deviation of the difference between the slopes of a head on frozen features and of a trained network, as a
share of the former."""

HeldOut = Callable[[Ints], Bools]
"""Rows to hold out, int64 [n], to whether a head that is fitted on all other rows is right on each, bool [n]."""


@dataclass(frozen=True)
class Slope:
    """Change of the log-odds of a right answer per unit of the logarithm of the groups of the row's class.

    Attributes:
        value: of the slope.
        error: its standard error.
    """

    value: float
    error: float


@dataclass(frozen=True)
class RepeatedFolds:
    """Folds that are made again and again.

    Attributes:
        parts: number of folds of the run, at least 2.
        seed: of the first repeat; the others follow.
        repeats: how often.
    """

    parts: int
    seed: int = 0
    repeats: int = 8


def measure_slope(label: Ints, group: Ints, right_without: HeldOut, plan: RepeatedFolds) -> Slope:
    """Measure the slope on repeated folds.

    Args:
        label: int64 [N].
        group: int64 [N], every row has a group.
        right_without: fits a head without some rows.
        plan: of the folds.
    """
    classes, shares = int(label.max()) + 1, [1 / plan.parts] * plan.parts
    groups = np.zeros((plan.repeats, len(label)))
    right = np.zeros((plan.repeats, len(label)))
    for repeat in range(plan.repeats):
        part = stratified_folds(label, shares, plan.seed + repeat, group)
        for number in range(plan.parts):
            held = np.flatnonzero(part == number)
            if 0 < len(held) < len(label):
                left = units_per_class(label, group, np.flatnonzero(part != number), classes)
                groups[repeat, held] = left[label[held]]
                right[repeat, held] = right_without(held)
    return slope_within_rows(groups, right, group)


def slope_within_rows(groups: NDArray[np.float64], right: NDArray[np.float64], cluster: Ints) -> Slope:
    """Regress right answers on the logarithm of the groups left, with an effect of each row.

    Args:
        groups: float64 [R, N], groups of the row's class that were left in each repeat; 0 where none was left.
        right: float64 [R, N], 1 for a right answer.
        cluster: int64 [N], rows that are not independent share a number.
    """
    usual, spread = USUAL
    known = (groups > 0).all(axis=0)
    log, answer = np.log(groups[:, known]), right[:, known]
    accuracy = float(answer.mean()) if known.any() else 0.0
    log, answer = log - log.mean(axis=0), answer - answer.mean(axis=0)
    place = np.unique(cluster[known], return_inverse=True)[1]
    together = np.bincount(place, weights=(log * answer).sum(axis=0))
    alone = np.bincount(place, weights=(log * log).sum(axis=0))
    if not known.any() or alone.sum() < 1e-9 or not 0 < accuracy < 1:
        return Slope(usual, spread)
    scale = accuracy * (1 - accuracy)
    value = float(together.sum() / alone.sum()) / scale
    noise = float(np.sqrt(((together - scale * value * alone) ** 2).sum()) / alone.sum()) / scale
    own = 1 / (noise**2 + (TRANSFER * value) ** 2 + 1e-6)
    prior = 1 / spread**2
    return Slope((own * value + prior * usual) / (own + prior), float((own + prior) ** -0.5))
