"""A correction of the accuracy that thresholds of confidence give, linear in log-odds.

Under strong shifts the entropy is a better score than the confidence, and networks choose a few classes again and
again. How much each of them adds depends on the networks. It is measured on simulated shifts, and drawn towards what is
usual.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from sketchfit.claims.signals import Reference, Signals, odds
from sketchfit.inference.arrays import Floats

USUAL = (0.5, 0.0, 0.0)
"""Weights of `features` where no shift was simulated."""

USUAL_SPREAD = (0.1, 0.3)
"""Standard deviation of the log-odds without a shift, and its growth per unit of change, where none was simulated."""


def features(reference: Reference, signals: Signals) -> Floats:
    """Return what the correction is linear in, float64 [3]; all 0 where nothing has changed.

    They are: what entropy adds to confidence, the change of the accuracy by confidence, both in log-odds, and the
    logarithm of how much more often two rows get the same class.
    """
    by_confidence = odds(signals.by_confidence)
    concentrated = np.log(max(signals.collision, reference.collision) / reference.collision)
    return np.array([odds(signals.by_entropy) - by_confidence, by_confidence - odds(reference.accuracy), concentrated])


@dataclass(frozen=True)
class Correction:
    """Weights of `features`, and how far off the result is.

    Attributes:
        weights: three numbers.
        spread: standard deviation of the log-odds without a shift, and its growth per unit of change.
    """

    weights: tuple[float, ...]
    spread: tuple[float, float]

    @classmethod
    def usual(cls) -> Correction:
        """Return the correction for a run without simulated shifts."""
        return cls(USUAL, USUAL_SPREAD)

    def accuracy(self, reference: Reference, signals: Signals) -> float:
        """Return the corrected mean accuracy of single networks, 0 … 1."""
        if signals.by_confidence in (0.0, 1.0) and signals.by_entropy == signals.by_confidence:
            return signals.by_confidence
        change = float(features(reference, signals) @ np.array(self.weights))
        return float(expit(odds(signals.by_confidence) + change))

    def error(self, reference: Reference, signals: Signals) -> float:
        """Return the standard error of the log-odds of the corrected accuracy."""
        changed = abs(odds(self.accuracy(reference, signals)) - odds(reference.accuracy))
        return float(np.hypot(self.spread[0], self.spread[1] * changed))
