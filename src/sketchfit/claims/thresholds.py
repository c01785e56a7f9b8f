"""Accuracy on rows without labels, from the confidence of a network on rows with labels.

Paper: average thresholded confidence (ATC), "Leveraging Unlabeled Data to Predict Out-of-Distribution Performance",
Garg et al., arXiv 2201.04234.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, xlogy

from sketchfit.inference.arrays import Bools, Floats
from sketchfit.inference.calibration import logits


def log_odds(prob: Floats) -> Floats:
    """Return the log-odds of the most probable class, float64 [N]: its order is that of the confidence."""
    z = logits(prob)
    best = z.argmax(axis=1)
    rest = z.copy()
    rest[np.arange(len(z)), best] = -np.inf
    return np.asarray(z.max(axis=1) - logsumexp(rest, axis=1))


def negative_entropy(prob: Floats) -> Floats:
    """Return the negative entropy of each row in nats, float64 [N]: 0 is certain, -log C is undecided."""
    p = prob.astype(np.float64)
    return np.asarray(xlogy(p, p).sum(axis=1))


@dataclass(frozen=True)
class Threshold:
    """The score below which as many rows are as are answered wrongly.

    Attributes:
        score: the threshold, in the scale of the scores.
        counted: share of the rows at exactly this score that count as right, 0 … 1. So equal distributions give equal
            accuracies.
    """

    score: float
    counted: float

    @classmethod
    def fit(cls, score: Floats, right: Bools) -> Threshold:
        """Find the threshold.

        Args:
            score: float [n], confidence on rows with labels, in any monotone scale; n at least 1.
            right: bool [n], whether they are answered correctly.
        """
        accuracy = float(np.mean(right))
        if accuracy == 1:
            return cls(-np.inf, 1.0)
        value = float(np.quantile(score, 1 - accuracy, method="inverted_cdf"))
        at, above = float(np.mean(score == value)), float(np.mean(score > value))
        return cls(value, min(max((accuracy - above) / at, 0.0), 1.0))

    def passed(self, score: Floats) -> Floats:
        """Return how much each row counts as right, float64 [M], 0 … 1."""
        return np.asarray((score > self.score) + self.counted * (score == self.score), np.float64)
