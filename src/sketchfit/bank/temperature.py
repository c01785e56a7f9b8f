"""Probabilities from the scores of a head: a softmax of scores / temperature (Guo et al. 2017, arXiv 1706.04599)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

Floats = NDArray[np.float32]

LEAST, MOST = 1e-3, 1e2
"""Bounds of the temperature of a head, in units of its scores."""

TOLERANCE = 1e-8
"""Change of the logarithm of the temperature below which it is found."""

ROUNDS = 100
"""More than halving the interval of the logarithm down to `TOLERANCE` needs."""

CHUNK = 256
"""Rows whose weights are computed at once: they fit into a core's cache."""


def fit_temperature(
    scores: NDArray[np.floating[Any]], label: NDArray[np.integer[Any]], least: float = LEAST, most: float = MOST
) -> float:
    """Return the temperature of least log-loss.

    The slope of the log-loss in the inverse temperature is the mean score by the softmax minus the mean score of the
    labels. It rises with the inverse temperature, so there is one minimum, which Newton's method finds in a few steps.

    Args:
        scores: float [n, C], of rows that the head was not fitted on.
        label: int [n], 0 … C-1.
        least, most: bounds of the temperature. Where all of them are equally good, it is their geometric mean.
    """
    values = np.subtract(scores, scores.max(axis=1, keepdims=True), dtype=np.float64)
    own = float(values[np.arange(len(label)), label].mean())
    low, high = -math.log(most), -math.log(least)
    middle = (low + high) / 2
    for _ in range(ROUNDS):
        mean, variance = _moments(values, math.exp(middle))
        if mean == own:
            break
        low, high = (low, middle) if mean > own else (middle, high)
        rise = math.exp(middle) * variance
        following = middle - (mean - own) / rise if rise > 0 else high
        if not low < following < high:
            following = (low + high) / 2
        middle, before = following, middle
        if abs(middle - before) < TOLERANCE:
            break
    return math.exp(-middle)


def _moments(values: NDArray[np.float64], inverse: float) -> tuple[float, float]:
    """Return the mean and the variance of scores by the softmax of scores · `inverse`, both averaged over rows.

    Args:
        values: float64 [n, C], scores minus the largest one of their row.
        inverse: of the temperature.
    """
    mean = variance = 0.0
    for start in range(0, len(values), CHUNK):
        part = values[start : start + CHUNK]
        weight = np.exp(inverse * part)
        total = weight.sum(axis=1)
        weight *= part
        first = weight.sum(axis=1) / total
        second = np.einsum("ij,ij->i", weight, part) / total
        mean += float(first.sum())
        variance += float((second - np.square(first)).sum())
    return mean / len(values), variance / len(values)


def probabilities(scores: Floats, temperature: float) -> Floats:
    """Return probabilities float32 [n, C] of scores float32 [n, C]; rows sum to 1."""
    return np.asarray(softmax(scores.astype(np.float64) / temperature, axis=1), dtype=np.float32)
