"""Probabilities of rows whose image cannot be read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sketchfit.runs.large_arrays import empty_array

Floats = NDArray[np.float32]


def class_prior(label: NDArray[np.int64], classes: int) -> Floats:
    """Return the share of each class among the training rows, float32 [C]."""
    counts = np.bincount(label, minlength=classes).astype(np.float64)
    prior: Floats = (counts / counts.sum()).astype(np.float32)
    return prior


def with_prior(prob: Floats, readable: NDArray[np.bool_], prior: Floats) -> Floats:
    """Return probabilities of all rows: `prob` [n, C] for the readable ones, the prior [C] for the others."""
    if readable.all():
        return prob.astype(np.float32, copy=False)
    full = empty_array((len(readable), prob.shape[1]), np.float32)
    full[~readable] = prior
    full[readable] = prob
    return full
