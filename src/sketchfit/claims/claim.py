"""The accuracy that a run may claim for its answer to the test rows, from its out-of-fold rows.

The out-of-fold figure is that of single networks, each on rows of which a fold has taken the groups away. The answer
that leaves the run is an average of networks, on rows of which nothing was taken away. Both differences are estimated:
the first by the groups left per class (`units_left`) and the slope of the learning curve (`learning_curve`), the second
by the disagreement of the networks on the test rows (`averaging`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from sketchfit.claims.averaging import UNSURE_OF_GAIN, averaged_accuracy
from sketchfit.claims.group_error import error_within_classes
from sketchfit.claims.interval import interval
from sketchfit.claims.learning_curve import Slope
from sketchfit.claims.units_left import UnitsLeft
from sketchfit.inference.arrays import Floats
from sketchfit.inference.intervals import LEVEL, Estimate, accuracy
from sketchfit.runs.few_groups import independent_groups, t_quantile

SHARED = 1.5
"""Variance of an out-of-fold accuracy over that of independent networks: networks of different folds share training
rows (Nadeau & Bengio 2003). Set after runs on drawn families: docs/claims.md."""


@dataclass(frozen=True)
class Claim:
    """What may be claimed for the answer to the test rows.

    Attributes:
        out_of_fold: accuracy of single networks on the rows of their folds.
        expected: accuracy of the answer to the test rows; `n` is their number, or that of the out-of-fold rows where
            there are no test rows. The interval includes the uncertainty of the corrections, and the chance of as many
            test rows.
        single: accuracy of a single network on rows of which no fold took groups away.
        single_error: its standard error.
        slope: of the learning curve.
        groups_validated, groups_tested: geometric mean of the groups per class that a network had for validation rows,
            and that it has for test rows.
        averaging: gain of averaging the networks; 0 where there are no test rows to measure it on.
        frequencies: change of the accuracy of a single network by class frequencies of the test rows that differ.
        known: gain of test rows whose group occurs in training, included in `single`.
    """

    out_of_fold: Estimate
    expected: Estimate
    single: float
    single_error: float
    slope: Slope
    groups_validated: float
    groups_tested: float
    averaging: float
    frequencies: float = 0.0
    known: float = 0.0


@dataclass(frozen=True)
class OutOfFold:
    """Out-of-fold answers of the run.

    Attributes:
        right: bool [n], whether each is right, rows ascending.
        label: int64 [n], classes.
        group: int64 [n], related rows share a number; None where all rows are independent.
        left: groups left per class, and the weights of these rows.
        choice_error: standard error, in log-odds, from the choice of the groups.
        known_change: change of the log-odds by test rows whose group occurs in training, although folds keep it
            together.
        frequency_error: standard error of the accuracy from the class frequencies of the test rows.
        test_groups: independent groups that the test rows are worth, where something names them; None: unknown.
    """

    right: NDArray[np.bool_]
    label: NDArray[np.int64]
    group: NDArray[np.int64] | None
    left: UnitsLeft
    choice_error: float = 0.0
    known_change: float = 0.0
    frequency_error: float = 0.0
    test_groups: float | None = None


def make_claim(rows: OutOfFold, slope: Slope, final: Floats, units: Sequence[Floats]) -> Claim:
    """Estimate the accuracy of the final answer to the test rows.

    Args:
        rows: out-of-fold answers.
        slope: of the learning curve.
        final: float [M, C], probabilities of the test rows that leave the run; M may be 0.
        units: probabilities of the test rows by each network that went into `final`, float [M, C] each.
    """
    single, change, share = _single(rows, slope)
    of_rows, freedom = error_within_classes(rows.right, rows.label, rows.group, rows.left.weights)
    spread = single * (1 - single)
    corrections = float(np.hypot(spread * np.hypot(change * slope.error, rows.choice_error), rows.frequency_error))
    single_error = float(np.hypot(of_rows * np.sqrt(SHARED), corrections)) * share
    value = averaged_accuracy(final, units, single) if len(final) else single
    of_test = np.sqrt(_variance_per_row(rows, of_rows, value, len(final)) / len(final)) if len(final) else 0.0
    error = float(np.sqrt(single_error**2 + (UNSURE_OF_GAIN * (value - single)) ** 2 + of_test**2))
    half = t_quantile(LEVEL, freedom) * error
    return Claim(
        out_of_fold=accuracy(rows.right, rows.group),
        expected=Estimate(value, *interval(value, half), len(final) or len(rows.right)),
        single=single,
        single_error=single_error,
        slope=slope,
        groups_validated=float(np.exp(rows.left.validated)),
        groups_tested=float(np.exp(rows.left.tested)),
        averaging=value - single,
        frequencies=float(np.average(rows.right, weights=rows.left.weights) - rows.right.mean()),
        known=single - _single(replace(rows, known_change=0.0), slope)[0],
    )


def _variance_per_row(rows: OutOfFold, of_rows: float, value: float, count: int) -> float:
    """Return the variance of the accuracy of test rows, times their number: their classes are a matter of chance too.

    Args:
        rows: out-of-fold answers.
        of_rows: standard error of the accuracy of these.
        value: accuracy on test rows.
        count: number of test rows.
    """
    related = of_rows**2 * len(rows.right)
    if rows.group is None or rows.test_groups is None:  # test rows are as related as these
        return max(related, value * (1 - value))
    size = len(rows.right) / independent_groups(np.unique(rows.group, return_counts=True)[1])
    independent = max(float(rows.right.mean() * (1 - rows.right.mean())), 1e-9)
    alike = (related / independent - 1) / max(size - 1, 1e-9)  # correlation of rows of a group
    return value * (1 - value) * (1 + (count / rows.test_groups - 1) * float(np.clip(alike, 0, 1)))


def with_unreadable(figure: Estimate, unreadable: int, chance: float) -> Estimate:
    """Return an estimate for readable test rows together with rows that could not be read.

    Args:
        figure: accuracy on the readable rows.
        unreadable: number of rows that get the most frequent class.
        chance: share of that class in training.
    """
    if not unreadable:
        return figure
    rows = figure.n + unreadable
    value, low, high = (
        (one * figure.n + chance * unreadable) / rows for one in (figure.value, figure.low, figure.high)
    )
    return Estimate(value, low, high, rows)


def _single(rows: OutOfFold, slope: Slope) -> tuple[float, float, float]:
    """Return the accuracy of a single network on test rows, the change of log groups, and the learnable share.

    Rows of a class of which the fold left no group can not be right. They are set apart on both sides.
    """
    weight = rows.left.weights
    known = weight * (rows.left.valid > 0)
    if not known.any():
        return float(np.average(rows.right, weights=weight)), 0.0, 1.0
    odds = logit((known @ rows.right + 0.5) / (known.sum() + 1))
    change = rows.left.tested - rows.left.validated
    if change == rows.known_change == 0.0:
        return float(np.average(rows.right, weights=known)) * rows.left.learnable, 0.0, rows.left.learnable
    of_test = float(expit(odds + slope.value * change + rows.known_change))
    return of_test * rows.left.learnable, change, rows.left.learnable
