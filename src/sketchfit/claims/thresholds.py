"""Accuracy on rows without labels, from the confidence of a network on rows with labels.

Papers: average thresholded confidence (ATC), "Leveraging Unlabeled Data to Predict Out-of-Distribution Performance",
Garg et al., arXiv 2201.04234; difference of confidences (DoC), "Predicting with Confidence on Unseen Distributions",
Guillory et al., arXiv 2107.03315.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from sketchfit.inference.arrays import Bools, Floats
from sketchfit.inference.calibration import logits


def log_odds(prob: Floats) -> Floats:
    """Return the log-odds of the most probable class, float64 [N]: its order is that of the confidence."""
    z = logits(prob)
    best = z.argmax(axis=1)
    rest = z.copy()
    rest[np.arange(len(z)), best] = -np.inf
    return np.asarray(z.max(axis=1) - logsumexp(rest, axis=1))


def thresholded_accuracy(score: Floats, right: Bools, test_score: Floats) -> float:
    """Estimate accuracy by ATC: the share of test rows above the threshold that leaves out as many rows as are wrong.

    Args:
        score: float [n], confidence on rows with labels, in any monotone scale.
        right: bool [n], whether they are answered correctly.
        test_score: float [M], confidence on the test rows in the same scale.

    Returns:
        0 … 1. Scores that are equal to the threshold count in part, so that equal distributions give the mean of
        `right` exactly.
    """
    accuracy = float(np.mean(right))
    if accuracy in (0.0, 1.0):
        return accuracy
    threshold = float(np.quantile(score, 1 - accuracy, method="inverted_cdf"))
    at, test_at = float(np.mean(score == threshold)), float(np.mean(test_score == threshold))
    counted = (accuracy - float(np.mean(score > threshold))) / at
    return float(np.mean(test_score > threshold)) + min(max(counted, 0.0), 1.0) * test_at


def difference_of_confidences(confidence: Floats, right: Bools, test_confidence: Floats) -> float:
    """Estimate accuracy by DoC: the accuracy on rows with labels plus the change of the mean confidence.

    Args:
        confidence: float [n], probability of the most probable class on rows with labels.
        right: bool [n].
        test_confidence: float [M].

    Returns:
        0 … 1.
    """
    changed = float(np.mean(test_confidence)) - float(np.mean(confidence))
    return float(np.clip(float(np.mean(right)) + changed, 0.0, 1.0))
