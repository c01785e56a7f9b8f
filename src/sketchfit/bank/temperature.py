"""Probabilities from the scores of a head: a softmax of scores / temperature (Guo et al. 2017, arXiv 1706.04599)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax

Floats = NDArray[np.float32]

LEAST, MOST = 1e-3, 1e2
"""Bounds of the temperature, in units of the scores."""


def fit_temperature(scores: Floats, label: NDArray[np.int64]) -> float:
    """Return the temperature of least log-loss between 0.001 and 100.

    Log-loss is convex in the inverse temperature, so there is only one minimum.

    Args:
        scores: float32 [n, C], of rows that the head was not fitted on.
        label: int64 [n], 0 … C-1.
    """
    values = scores.astype(np.float64)
    own = values[np.arange(len(label)), label]

    def loss(log_inverse: float) -> float:
        inverse = math.exp(log_inverse)
        return float((logsumexp(inverse * values, axis=1) - inverse * own).mean())

    bounds = (-math.log(MOST), -math.log(LEAST))
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return math.exp(-best.x)


def probabilities(scores: Floats, temperature: float) -> Floats:
    """Return probabilities float32 [n, C] of scores float32 [n, C]; rows sum to 1."""
    return np.asarray(softmax(scores.astype(np.float64) / temperature, axis=1), dtype=np.float32)
