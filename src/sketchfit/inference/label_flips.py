"""Labels that are changed on purpose, to measure which of them an alarm finds."""

from __future__ import annotations

import numpy as np

from sketchfit.inference.arrays import Floats, Ints


def uniform_flips(label: Ints, classes: int, rng: np.random.Generator) -> Ints:
    """Change each label to another class, each with the same probability: int64 [N].

    Args:
        label: int64 [N].
        classes: number of classes, C, at least 2.
        rng: source of randomness.
    """
    return np.asarray((label + rng.integers(1, classes, len(label))) % classes)


def confused_flips(label: Ints, prob: Floats, rng: np.random.Generator) -> Ints:
    """Change each label to another class, in proportion to the mean probability on rows with that label: int64 [N].

    Args:
        label: int64 [N].
        prob: float [N, C], C at least 2.
        rng: source of randomness.
    """
    flipped = np.array(label)
    for own in np.unique(label):
        rows = np.flatnonzero(label == own)
        share = prob[rows].mean(axis=0, dtype=np.float64) + 1e-9
        share[own] = 0.0
        flipped[rows] = rng.choice(len(share), len(rows), p=share / share.sum())
    return flipped
