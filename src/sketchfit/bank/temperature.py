"""Probabilities from the scores of a head: a softmax of scores / temperature (Guo et al. 2017, arXiv 1706.04599)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import softmax

Floats = NDArray[np.float32]

LEAST, MOST = 1e-3, 1e2
"""Bounds of the temperature of a head, in units of its scores."""


def fit_temperature(
    scores: NDArray[np.floating[Any]], label: NDArray[np.integer[Any]], least: float = LEAST, most: float = MOST
) -> float:
    """Return the temperature of least log-loss.

    The slope of the log-loss in the inverse temperature is the mean score by the softmax minus the mean score of the
    labels. It rises with the inverse temperature, so there is one minimum, where it is 0.

    Args:
        scores: float [n, C], of rows that the head was not fitted on.
        label: int [n], 0 … C-1.
        least, most: bounds of the temperature. Where all of them are equally good, it is their geometric mean.
    """
    values = np.subtract(scores, scores.max(axis=1, keepdims=True), dtype=np.float64)
    own = float(values[np.arange(len(label)), label].mean())

    def slope(log_temperature: float) -> float:
        weight = np.exp(math.exp(-log_temperature) * values)
        return float((np.einsum("ij,ij->i", weight, values) / weight.sum(axis=1)).mean()) - own

    low, high = math.log(least), math.log(most)
    coldest, warmest = slope(low), slope(high)
    if coldest == warmest == 0:
        return math.sqrt(least * most)
    if coldest <= 0 or warmest >= 0:
        return least if coldest <= 0 else most
    return math.exp(brentq(slope, low, high, xtol=1e-8))


def probabilities(scores: Floats, temperature: float) -> Floats:
    """Return probabilities float32 [n, C] of scores float32 [n, C]; rows sum to 1."""
    return np.asarray(softmax(scores.astype(np.float64) / temperature, axis=1), dtype=np.float32)
