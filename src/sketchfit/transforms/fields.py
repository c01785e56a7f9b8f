"""Smooth random fields."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def smooth(rng: np.random.Generator, size: int, cells: int, count: int) -> NDArray[np.float32]:
    """Uniform noise on a lattice, made smooth by cubic B-splines.

    A B-spline is a convex combination of its nodes, so the field never leaves the nodes' range: displacements
    are bounded by construction. (Rueckert et al., *Nonrigid registration using free-form deformations*, 1999.)

    Args:
        rng: for the nodes.
        size: side of the field in pixels.
        cells: lattice cells along a side.
        count: how many independent fields.

    Returns:
        float32 [count, size, size] in [-1, 1].
    """
    basis = _basis(size, cells)
    nodes = 2 * rng.random((count, cells + 3, cells + 3), dtype=np.float32) - 1
    return np.asarray(basis @ nodes @ basis.T, np.float32)


@lru_cache(maxsize=32)
def _basis(size: int, cells: int) -> NDArray[np.float32]:
    """The cubic B-splines' weights at pixel centres: float32 [size, cells + 3], rows sum to 1."""
    at = (np.arange(size) + 0.5) * cells / size
    cell = at.astype(np.int64)
    t = at - cell
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]) / 6
    basis = np.zeros((size, cells + 3), np.float32)
    for offset in range(4):
        basis[np.arange(size), cell + offset] = weights[offset]
    return basis
