"""A correction of the accuracy that thresholds of confidence give, linear in log-odds.

Where pictures differ from those that the networks know, confidence falls more than accuracy, unless the networks choose
a few classes again and again: then accuracy falls more. How much depends on the networks and on the shift. It is
measured on simulated shifts. Those count most whose answers have class frequencies that differ from the usual ones in
the same way as on the rows to estimate: a rotation and an uneven paper may lower confidence equally, but they move the
answers to other classes. Weights are drawn towards what is usual for such pictures. Where rows resemble no simulated
shift, for example drawings of other objects by the same hand, accuracy falls more than confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from sketchfit.claims.signals import FoldsReference, Signals, odds
from sketchfit.inference.arrays import Floats

OF_PICTURES = (0.1, -0.4, -0.55)
"""Usual weights of `features` where pictures have changed. docs/label-free.md has the measurements."""

OF_OTHERS = (0.1, 0.15, -0.15)
"""Usual weights where rows resemble no simulated shift, or none was simulated."""

RESEMBLING = (0.15, 0.2)
"""Least similarity by which rows resemble a shift, and how much more makes them resemble it completely."""

CHANCE = 1.5
"""Similarity of independent changes of n frequencies, in 1 / √n: it is added to the least similarity."""

STRENGTH = 0.3
"""Of the pull towards the usual weights: sum of squared features that counts as much as they do."""

SHARPNESS = 4
"""Power of the similarity by which simulated shifts count."""

SPREAD = (0.1, 0.25)
"""Standard deviation of the log-odds without a shift, and its growth per unit of change."""

FEW = 100
"""Changed rows from which on `SPREAD` was measured."""

OF_FEW = 30.0
"""With fewer rows, the variance of the growth is higher by so many times (1 / rows - 1 / `FEW`). The log-odds of an
accuracy near 0.5 have a variance of 4 / rows: 64 times the square of the growth over the rows, of which the mean over
several shifts leaves about half. A rough number."""


@dataclass(frozen=True)
class SimulatedShift:
    """Rows with labels, changed in a known way, as networks answer that were not trained on them.

    Attributes:
        kind: of the shift; empty for the same rows unchanged.
        name: of the shift.
        signals: of the changed rows.
        accuracy: share of right answers on them, the mean over units.
        rows: their number; None: not known.
    """

    kind: str
    name: str
    signals: Signals
    accuracy: float
    rows: int | None = None


def features(reference: FoldsReference, signals: Signals) -> Floats:
    """Return what the correction is linear in, float64 [3]; all 0 where nothing has changed.

    They are: what entropy adds to confidence and the fall of the accuracy by confidence (0 or less), both in log-odds,
    and the logarithm of how much more often two rows get the same class. The last is at most the fall: with other class
    frequencies, answers are more concentrated as well, but confidence does not fall.
    """
    by_confidence = odds(signals.by_confidence)
    fall = min(by_confidence - odds(reference.accuracy), 0.0)
    concentrated = float(np.log(max(signals.collision, reference.collision) / reference.collision))
    return np.array([odds(signals.by_entropy) - by_confidence, fall, min(concentrated, -fall)])


@dataclass(frozen=True)
class Correction:
    """What was measured on simulated shifts.

    Attributes:
        reference: the units on the rows of their folds.
        unchanged: the rows before they were changed; None where nothing was simulated.
        shifts: the same rows after each change.
    """

    reference: FoldsReference
    unchanged: SimulatedShift | None = None
    shifts: tuple[SimulatedShift, ...] = ()

    @classmethod
    def of(cls, reference: FoldsReference, simulated: Sequence[SimulatedShift]) -> Correction:
        """Sort simulated shifts; without unchanged rows among them, none is used."""
        unchanged = [one for one in simulated if not one.kind]
        if not unchanged:
            return cls(reference)
        return cls(reference, unchanged[0], tuple(one for one in simulated if one.kind))

    def similarity(self, signals: Signals) -> Floats:
        """Return the cosines of the changes of class frequencies by each shift and in these rows, float64 [S], ≥ 0."""
        if self.unchanged is None or not self.shifts:
            return np.zeros(0)
        away = (_roots(signals) - np.sqrt(self.reference.frequencies)).ravel()
        each = np.stack([(_roots(one.signals) - _roots(self.unchanged.signals)).ravel() for one in self.shifts])
        size = np.linalg.norm(each, axis=1) * np.linalg.norm(away)
        return np.asarray(np.maximum(each @ away, 0.0) / np.maximum(size, 1e-12))

    def weights(self, signals: Signals) -> Floats:
        """Return the weights of `features` for these rows, float64 [3]: ridge regression towards the usual ones."""
        similarity = self.similarity(signals)
        usual = _usual(float(similarity.max(initial=0.0)), self.reference.frequencies.size)
        if self.unchanged is None or not self.shifts:
            return usual
        before = features(self.reference, self.unchanged.signals)
        x = np.stack([features(self.reference, one.signals) - before for one in self.shifts])
        missed = np.array([_missed(one) for one in self.shifts]) - _missed(self.unchanged)
        counted = x * (similarity**SHARPNESS)[:, None]
        return usual + np.linalg.solve(counted.T @ x + STRENGTH * np.eye(3), counted.T @ (missed - x @ usual))

    def accuracy(self, signals: Signals) -> float:
        """Return the corrected mean accuracy of single networks, 0 … 1."""
        change = float(self.weights(signals) @ features(self.reference, signals))
        return float(expit(odds(signals.by_confidence) + change))

    def error(self, signals: Signals) -> float:
        """Return the standard error of the log-odds of the corrected accuracy."""
        changed = odds(self.accuracy(signals)) - odds(self.reference.accuracy)
        return float(np.hypot(SPREAD[0], SPREAD[1] * changed * self._by_few_rows()))

    def _by_few_rows(self) -> float:
        """Return how many times as uncertain a change is as with `FEW` rows or more."""
        rows = None if self.unchanged is None else self.unchanged.rows
        return 1.0 if rows is None else float(np.sqrt(1 + OF_FEW * max(0.0, 1 / rows - 1 / FEW)))


def _usual(similarity: float, frequencies: int) -> Floats:
    """Return the usual weights for rows with this similarity to the nearest shift."""
    least, more = RESEMBLING
    share = np.clip((similarity - least - CHANCE / np.sqrt(frequencies)) / more, 0, 1)
    return np.asarray(share * np.array(OF_PICTURES) + (1 - share) * np.array(OF_OTHERS))


def _roots(signals: Signals) -> Floats:
    """Return the roots of the class frequencies: their sampling errors are equal for rare and frequent classes."""
    return np.asarray(np.sqrt(signals.frequencies))


def _missed(shift: SimulatedShift) -> float:
    return odds(shift.accuracy) - odds(shift.signals.by_confidence)
