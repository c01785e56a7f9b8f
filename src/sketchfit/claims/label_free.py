"""An estimate of the accuracy of the final answer on the test rows themselves, without their labels.

Thresholds of confidence estimate the accuracy of single networks on the test rows. A correction, linear in log-odds,
uses what entropy and the concentration of the answers add to them. The disagreement of the networks gives the accuracy
of the final answer from that of single ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from sketchfit.claims.averaging import agreement, averaged_accuracy
from sketchfit.claims.correction import Correction
from sketchfit.claims.signals import Reference, Signals, odds
from sketchfit.claims.unit import Answers, tempered
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.intervals import Estimate, accuracy

_Z = 1.96

UNSURE_OF_GAIN = 0.25
"""Standard error of the gain of averaging, as a share of it."""


@dataclass(frozen=True)
class LabelFree:
    """Accuracy on rows without labels.

    Attributes:
        final: accuracy of the final answer with a 95 % interval; `n` is the number of rows.
        single: mean accuracy of a single network.
        single_error: its standard error, which includes that of the method.
        split_error: standard error of `single` from the choice of these test rows alone: by it the estimate varies
            between splits without a shift.
        parts: the estimates that were combined, all of single networks.
        agreement: share of rows on which two networks choose the same class; None for one network.
    """

    final: Estimate
    single: float
    single_error: float
    split_error: float
    parts: Signals
    agreement: float | None


@dataclass(frozen=True)
class LabelFreeModel:
    """All that an estimate needs to know of a run; no rows.

    Attributes:
        reference: the units on the rows of their folds.
        correction: of the estimate by thresholds.
        reference_error: standard error of the out-of-fold accuracy.
        design: variance of an accuracy over that of as many independent rows, at least 1; more than 1 where rows are
            related.
    """

    reference: Reference
    correction: Correction
    reference_error: float
    design: float

    @classmethod
    def fit(cls, answers: Answers, group: Ints | None = None, correction: Correction | None = None) -> LabelFreeModel:
        """Measure out-of-fold rows.

        Args:
            answers: of the run; at least one unit, each with at least one row.
            group: int [N], related training rows share a number; None: rows are independent.
            correction: by default the usual one.
        """
        right, related = answers.right, None if group is None else group[answers.row]
        plain, clustered = accuracy(right), accuracy(right, related)
        width = clustered.high - clustered.low
        design = max(width / max(plain.high - plain.low, 1e-9), 1.0) ** 2
        return cls(Reference.of(answers), correction or Correction.usual(), width / (2 * _Z), design)

    def estimate(self, units: Sequence[Floats], final: Floats, group: Ints | None = None) -> LabelFree:
        """Estimate accuracy on rows without labels.

        Args:
            units: probabilities of each unit, float [M, C], in the order of the units; M at least 1.
            final: float [M, C], the final answer.
            group: int [M], related rows share a number; None: unknown, and rows are as related as training rows.
        """
        signals, passed = self.reference.signals(units), self.reference.passed(units)
        single = self.correction.accuracy(self.reference, signals)
        soft = [tempered(unit, self.reference.temperature) for unit in units]
        value = averaged_accuracy(final, soft, single)
        split_error = _mean_error(passed, group, self.design)
        spread = single * (1 - single)
        method = spread * self.correction.error(self.reference, signals)
        single_error = float(np.hypot(self.reference_error, method))
        chance = float(np.sqrt(value * (1 - value) / len(final)))
        error = float(np.sqrt(single_error**2 + (UNSURE_OF_GAIN * (value - single)) ** 2 + chance**2))
        return LabelFree(
            final=Estimate(value, *_interval(value, error), len(final)),
            single=single,
            single_error=single_error,
            split_error=split_error,
            parts=signals,
            agreement=agreement(units),
        )


def estimate(answers: Answers, group: Ints | None = None, correction: Correction | None = None) -> LabelFree:
    """Estimate the accuracy of a run's final answer on its test rows, without labels.

    Args:
        answers: of the run; at least one unit with rows, and at least one test row.
        group: int [N], related training rows share a number; None: rows are independent.
        correction: see `fit_correction`; by default the usual one.
    """
    return LabelFreeModel.fit(answers, group, correction).estimate([unit.test for unit in answers.units], answers.final)


def _mean_error(values: Floats, group: Ints | None, design: float) -> float:
    """Return the standard error of a mean of related values."""
    if len(values) < 2:
        return 0.5
    away = values - values.mean()
    if group is None:
        return float(np.sqrt(design * (away**2).sum() / (len(values) - 1) / len(values)))
    _, place = np.unique(group, return_inverse=True)
    sums = np.bincount(place, weights=away)
    return float(np.sqrt((sums**2).sum() * len(sums) / max(len(sums) - 1, 1))) / len(values)


def _interval(value: float, error: float) -> tuple[float, float]:
    """Return the ends of a 95 % interval, symmetric in log-odds."""
    middle = odds(value)
    inside = float(expit(middle))
    half = _Z * error / (inside * (1 - inside))
    return min(float(expit(middle - half)), value), max(float(expit(middle + half)), value)
