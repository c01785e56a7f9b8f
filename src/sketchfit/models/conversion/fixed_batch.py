"""Graphs that take batches of one size."""

from __future__ import annotations

import numpy as np

from sketchfit.models.backend import Backend, Floats, Pictures


def in_batches_of(size: int, backend: Backend) -> Backend:
    """Return a backend for any number of pictures: larger batches are cut, the last one is filled with zeros."""

    def probabilities(pictures: Pictures) -> Floats:
        found = []
        for start in range(0, len(pictures), size):
            part = pictures[start : start + size]
            missing = size - len(part)
            full = np.concatenate([part, np.zeros((missing, *part.shape[1:]), part.dtype)]) if missing else part
            found.append(backend(np.ascontiguousarray(full))[: len(part)])
        return np.concatenate(found)

    return probabilities
