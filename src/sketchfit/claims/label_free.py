"""An estimate of the accuracy of the final answer on the test rows themselves, without their labels.

Thresholds of confidence estimate the accuracy of single networks on the test rows. A correction uses what entropy and
the frequencies of the answers add to them; it is measured on simulated shifts. The disagreement of the networks gives
the accuracy of the final answer from that of single ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sketchfit.claims.averaging import UNSURE_OF_GAIN, agreement, averaged_accuracy
from sketchfit.claims.correction import Correction, SimulatedShift
from sketchfit.claims.interval import interval
from sketchfit.claims.signals import FoldsReference, Signals
from sketchfit.claims.unit import Answers, tempered
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.intervals import Estimate, accuracy

_Z = 1.96


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
        resembles: the simulated shift that changes the answers most similarly, and how similarly, 0 … 1; None where
            none was simulated.
    """

    final: Estimate
    single: float
    single_error: float
    split_error: float
    parts: Signals
    agreement: float | None
    resembles: tuple[str, float] | None


@dataclass(frozen=True)
class LabelFreeModel:
    """All that an estimate needs to know of a run; no rows.

    Attributes:
        correction: of the estimate by thresholds, with the units on the rows of their folds.
        reference_error: standard error of the out-of-fold accuracy.
        design: variance of an accuracy over that of as many independent rows, at least 1; more than 1 where rows are
            related.
    """

    correction: Correction
    reference_error: float
    design: float

    @classmethod
    def fit(
        cls, answers: Answers, group: Ints | None = None, simulated: Sequence[SimulatedShift] = ()
    ) -> LabelFreeModel:
        """Measure out-of-fold rows.

        Args:
            answers: of the run; at least one unit, each with at least one row.
            group: int [N], related training rows share a number; None: rows are independent.
            simulated: shifts and the unchanged rows, measured with `FoldsReference.of(answers)`.
        """
        right, related = answers.right, None if group is None else group[answers.row]
        plain, clustered = accuracy(right), accuracy(right, related)
        width = clustered.high - clustered.low
        design = max(width / max(plain.high - plain.low, 1e-9), 1.0) ** 2
        return cls(Correction.of(FoldsReference.of(answers), simulated), width / (2 * _Z), design)

    def estimate(self, units: Sequence[Floats], final: Floats, group: Ints | None = None) -> LabelFree:
        """Estimate accuracy on rows without labels.

        Args:
            units: probabilities of each unit, float [M, C], in the order of the units; M at least 1.
            final: float [M, C], the final answer.
            group: int [M], related rows share a number; None: unknown, and rows are as related as training rows.
        """
        reference = self.correction.reference
        signals, single = reference.signals(units), self.correction.accuracy(reference.signals(units))
        soft = [tempered(unit, reference.temperature) for unit in units]
        value = averaged_accuracy(final, soft, single)
        method = single * (1 - single) * self.correction.error(signals)
        single_error = float(np.hypot(self.reference_error, method))
        chance = float(np.sqrt(value * (1 - value) * self.design / len(final)))
        error = float(np.sqrt(single_error**2 + (UNSURE_OF_GAIN * (value - single)) ** 2 + chance**2))
        return LabelFree(
            final=Estimate(value, *interval(value, _Z * error), len(final)),
            single=single,
            single_error=single_error,
            split_error=_mean_error(reference.passed(units), group, self.design),
            parts=signals,
            agreement=agreement(units),
            resembles=self._resembles(signals),
        )

    def _resembles(self, signals: Signals) -> tuple[str, float] | None:
        similarity = self.correction.similarity(signals)
        if not len(similarity):
            return None
        best = int(similarity.argmax())
        return self.correction.shifts[best].name, float(similarity[best])


def estimate(answers: Answers, group: Ints | None = None, simulated: Sequence[SimulatedShift] = ()) -> LabelFree:
    """Estimate the accuracy of a run's final answer on its test rows, without labels.

    Args:
        answers: of the run; at least one unit with rows, and at least one test row.
        group: int [N], related training rows share a number; None: rows are independent.
        simulated: shifts and the unchanged rows, measured with `FoldsReference.of(answers)`; they make the estimate
            better under shifts like them.
    """
    return LabelFreeModel.fit(answers, group, simulated).estimate([unit.test for unit in answers.units], answers.final)


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
