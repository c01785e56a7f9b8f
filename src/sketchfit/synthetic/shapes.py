"""Polylines of objects: float64 [K, 2] arrays of (x, y), y grows downwards, any scale."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Stroke = NDArray[np.float64]
Strokes = list[Stroke]


class Dice:
    """A random generator with the three functions that objects need.

    Args:
        rng: source of randomness.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def between(self, low: float, high: float) -> float:
        """Return a uniformly distributed number of [low, high)."""
        return low + (high - low) * float(self.rng.random())

    def count(self, low: int, high: int) -> int:
        """Return a uniformly distributed integer of low … high, both included."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, share: float) -> bool:
        """Return True with probability `share`."""
        return bool(self.rng.random() < share)


Drawer = Callable[[Dice], Strokes]
"""An object: returns its strokes."""


def line(*points: tuple[float, float]) -> Stroke:
    """Return straight segments through the points."""
    return np.array(points, dtype=np.float64)


def loop(*points: tuple[float, float]) -> Stroke:
    """Return straight segments through the points and back to the first."""
    return np.array([*points, points[0]], dtype=np.float64)


def box(left: float, top: float, right: float, bottom: float) -> Stroke:
    """Return a closed rectangle."""
    return loop((left, top), (right, top), (right, bottom), (left, bottom))


def arc(x: float, y: float, rx: float, ry: float | None = None, start: float = 0.0, sweep: float = 360.0) -> Stroke:
    """Return part of an ellipse; angles in degrees, clockwise on the page, 0 = to the right. `ry=None`: a circle."""
    angle = np.radians(start + np.linspace(0.0, sweep, max(5, round(abs(sweep) / 12))))
    points = np.stack([rx * np.cos(angle), (rx if ry is None else ry) * np.sin(angle)], axis=1)
    return shift(points, x, y)


def curve(*points: tuple[float, float], closed: bool = False, steps: int = 8) -> Stroke:
    """Return a smooth line through the points: a uniform Catmull–Rom spline."""
    p = np.array(points, dtype=np.float64)
    padded = np.vstack([p[-1:], p, p[:2]]) if closed else np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[None, :, None]
    a, b, c, d = (padded[i : len(padded) - 3 + i, None, :] for i in range(4))
    inner = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.asarray(np.vstack([inner.reshape(-1, 2), padded[-2][None]]), dtype=np.float64)


def turn(points: ArrayLike, degrees: float) -> Stroke:
    """Rotate points clockwise on the page about the origin."""
    a = np.radians(degrees)
    x, y = np.asarray(points, dtype=np.float64).T
    return np.stack([x * np.cos(a) - y * np.sin(a), x * np.sin(a) + y * np.cos(a)], axis=1)


def mirror(stroke: Stroke, x: float = 0.0) -> Stroke:
    """Reflect the stroke about the vertical line at `x`."""
    return np.stack([2 * x - stroke[:, 0], stroke[:, 1]], axis=1)


def shift(stroke: Stroke, x: float, y: float) -> Stroke:
    """Move the stroke by (x, y)."""
    return np.stack([stroke[:, 0] + x, stroke[:, 1] + y], axis=1)


def ray(x: float, y: float, degrees: float, near: float, far: float) -> Stroke:
    """Return a segment that points away from (x, y), between two distances from it."""
    direction = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    return np.stack([(x, y) + near * direction, (x, y) + far * direction])


def spiral(x: float, y: float, radius: float, turns: float, start: float = 0.0, inner: float = 0.05) -> Stroke:
    """Return an Archimedean spiral from `inner × radius` to `radius`, with `turns` turns."""
    t = np.linspace(0.0, 1.0, max(8, round(24 * abs(turns))))
    angle = np.radians(start) + 2 * np.pi * turns * t
    r = radius * (inner + (1 - inner) * t)
    return np.stack([x + r * np.cos(angle), y + r * np.sin(angle)], axis=1)
