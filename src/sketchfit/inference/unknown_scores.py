"""Scores of probabilities that are high where a network is undecided, as for drawings of classes that it does not know.

Each takes probabilities float [N, C], rows sum to 1, and returns float64 [N]. None depends on the order of classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from sketchfit.inference.arrays import Floats

UnknownScore = Callable[[Floats], Floats]

_FLOOR = 1e-12
_POWER = 0.1
"""Of generalized entropy, as in its paper."""


def least_confidence(prob: Floats) -> Floats:
    """Return one minus the largest probability (Hendrycks & Gimpel 2017, 1610.02136)."""
    return np.asarray(1 - prob.max(axis=1).astype(np.float64))


def entropy(prob: Floats) -> Floats:
    """Return the entropy in nats."""
    p = np.maximum(prob.astype(np.float64), _FLOOR)
    return np.asarray(-(p * np.log(p)).sum(axis=1))


def generalized_entropy(prob: Floats) -> Floats:
    """Return the sum of (p (1 - p))^0.1 over all classes, which also weighs small probabilities (Liu et al. 2023)."""
    p = prob.astype(np.float64)
    return np.asarray((np.maximum(p * (1 - p), 0) ** _POWER).sum(axis=1))


def margin(prob: Floats) -> Floats:
    """Return minus the difference of the logarithms of the two largest probabilities."""
    best = -np.partition(-np.maximum(prob.astype(np.float64), _FLOOR), 1, axis=1)[:, :2]
    return np.asarray(np.log(best[:, 1]) - np.log(best[:, 0]))


SCORES: Mapping[str, UnknownScore] = {
    "least-confidence": least_confidence,
    "entropy": entropy,
    "generalized-entropy": generalized_entropy,
    "margin": margin,
}
"""By name."""

DEFAULT = "entropy"
"""Finds most drawings of unknown classes in docs/unknown.md."""
