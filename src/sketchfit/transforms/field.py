"""Smooth and piecewise linear fields from few nodes, by two small matrix products."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.transforms.resample import grid, moved

Floats = NDArray[np.float32]


def smooth(nodes: Floats, rows: int, columns: int) -> Floats:
    """Return a uniform cubic B-spline surface: float32 [n + 3, m + 3, K] nodes to [rows, columns, K].

    It is twice differentiable and within the extremes of the nodes, because each value is a mean of 16 of them.
    """
    return _product(_spline(nodes.shape[0] - 3, rows), nodes, _spline(nodes.shape[1] - 3, columns))


def linear(nodes: Floats, rows: int, columns: int) -> Floats:
    """Interpolate bilinearly between nodes [n + 1, m + 1, K] that span the image: float32 [rows, columns, K]."""
    return _product(_hats(nodes.shape[0] - 1, rows), nodes, _hats(nodes.shape[1] - 1, columns))


def displaced(points: Floats, field: Floats) -> Floats:
    """Return points [S, S, 2] in [-1, 1]² plus the field [S, S, 2] at these points; outside, the field of the edge."""
    size = field.shape[0]
    if points is grid(size):
        return points + field
    at = moved(points, (size / 2, 0.0, size / 2 - 0.5, 0.0, size / 2, size / 2 - 0.5))
    there = cv2.remap(field, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return cv2.add(points, there)  # type: ignore[return-value]


def _product(left: Floats, nodes: Floats, right: Floats) -> Floats:
    return np.stack([left @ nodes[:, :, k] @ right.T for k in range(nodes.shape[2])], axis=2)


def _centres(cells: int, pixels: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    at = (np.arange(pixels) + 0.5) / pixels * cells
    cell = np.minimum(at.astype(np.int64), cells - 1)
    return cell, at - cell


@lru_cache(maxsize=64)
def _spline(cells: int, pixels: int) -> Floats:
    cell, t = _centres(cells, pixels)
    weights = np.zeros((pixels, cells + 3))
    basis = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    for step, weight in enumerate(basis):
        weights[np.arange(pixels), cell + step] = weight / 6
    return weights.astype(np.float32)


@lru_cache(maxsize=64)
def _hats(cells: int, pixels: int) -> Floats:
    cell, t = _centres(cells, pixels)
    weights = np.zeros((pixels, cells + 1))
    weights[np.arange(pixels), cell] = 1 - t
    weights[np.arange(pixels), cell + 1] += t
    return weights.astype(np.float32)
