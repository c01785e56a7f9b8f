"""How accuracy grows with the groups per class, measured by closed-form heads on frozen features.

Some groups are held out. A head is fitted on all others, and a second one on half of them. The change of the log-odds
of a right answer per unit of the logarithm of the number of groups is the slope. It is estimated on few data, so it is
drawn towards the slope that is usual (`USUAL`), each weighted by its precision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.claims.units_left import units_per_class
from sketchfit.data.folds import stratified_folds
from sketchfit.inference.arrays import Floats

Ints = NDArray[np.int64]

USUAL = (1.0, 0.5)
"""Slope and its standard deviation before the data are seen: image classifiers gain 0.5 to 1.5."""

TRANSFER = 0.2
"""Standard deviation of the difference between the slopes of a head on frozen features and a trained network."""

FEWEST_PARTS, MOST_PARTS = 3, 10

FitHead = Callable[[Ints, Ints], Floats]
"""(rows to fit on, rows to answer) to scores float [n, C]."""


@dataclass(frozen=True)
class Slope:
    """Change of the log-odds of a right answer per unit of the logarithm of the groups per class.

    Attributes:
        value: of the slope.
        error: its standard error.
    """

    value: float
    error: float


def measure_slope(label: Ints, group: Ints, fit: FitHead, seed: int, repeats: int = 8) -> Slope:
    """Measure the slope on random parts of the groups.

    Args:
        label: int64 [N].
        group: int64 [N].
        fit: fits a head on some rows and returns the scores of others.
        seed: of the parts.
        repeats: number of random parts.
    """
    classes = int(label.max()) + 1
    counts = units_per_class(label, group, np.arange(len(label)), classes)
    parts = int(np.clip(np.median(counts[counts > 0]), FEWEST_PARTS, MOST_PARTS))
    found = [_compare(label, group, fit, parts, seed + repeat) for repeat in range(repeats)]
    table = np.array([one for one in found if one is not None and one[3] > 0], dtype=np.float64)
    return _shrunk(table)


def _compare(label: Ints, group: Ints, fit: FitHead, parts: int, seed: int) -> tuple[float, float, float, float] | None:
    """Return right answers with all groups and with half of them, rows, and the sum of the changes of log groups."""
    part = stratified_folds(label, [1 / parts] * parts, seed, group)
    held, rest = np.flatnonzero(part == 0), np.flatnonzero(part != 0)
    if len(held) == 0 or len(rest) < 2:
        return None
    half = rest[stratified_folds(label[rest], [0.5, 0.5], seed, group[rest]) == 0]
    classes = int(label.max()) + 1
    many, few = (units_per_class(label, group, rows, classes)[label[held]] for rows in (rest, half))
    rows = held[few > 0]
    if len(rows) == 0:
        return None
    right = [float((fit(used, rows).argmax(axis=1) == label[rows]).sum()) for used in (rest, half)]
    return right[0], right[1], float(len(rows)), float(np.log(many[few > 0] / few[few > 0]).sum())


def _shrunk(table: Floats) -> Slope:
    """Combine the repeats [R, 4] of `_compare` with the usual slope."""
    usual, spread = USUAL
    if len(table) < 2:
        return Slope(usual, spread)
    each = (_log_odds(table[:, 0], table[:, 2]) - _log_odds(table[:, 1], table[:, 2])) / (table[:, 3] / table[:, 2])
    total = table.sum(axis=0)
    value = (_log_odds(total[0], total[2]) - _log_odds(total[1], total[2])) / (total[3] / total[2])
    own = 1 / (float(each.var(ddof=1)) / len(each) + TRANSFER**2)
    prior = 1 / spread**2
    return Slope(float((own * value + prior * usual) / (own + prior)), float((own + prior) ** -0.5))


def _log_odds(right: Floats, count: Floats) -> Floats:
    return np.asarray(np.log((right + 0.5) / (count - right + 0.5)))
