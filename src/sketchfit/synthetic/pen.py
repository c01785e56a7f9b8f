"""A wobbling pen: draws strokes as a hand would.

A stroke sways slowly and trembles quickly, starts early or late, is sometimes interrupted, sometimes drawn twice, and
its width changes with pressure. All lines are anti-aliased by OpenCV, at twice the size where the drawing is small.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.synthetic.shapes import Stroke, Strokes, turn

SHIFT = 4
"""Number of fractional bits of OpenCV's coordinates."""


@dataclass(frozen=True)
class Hand:
    """How a person draws. Lengths are shares of the object's longer side."""

    sway: float
    """Size of the slow displacement along a stroke."""
    tremble: float
    """Standard deviation of the quick one."""
    drift: float
    """Size of the displacement of a complete stroke."""
    ends: float
    """How far strokes extend past their ends or stop before them."""
    gaps: float
    """Probability that a stroke is interrupted once."""
    doubles: float
    """Probability that a stroke is drawn twice."""
    pressure: float
    """Relative change of the line's width within a stroke, 0–1."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Hand:
        """Return a random hand, from steady to sloppy."""
        sloppy = float(rng.beta(1.6, 2.6))
        return cls(
            sway=0.003 + 0.030 * sloppy,
            tremble=float(rng.uniform(0.0, 0.0035)) * (0.3 + sloppy),
            drift=0.003 + 0.025 * sloppy,
            ends=0.005 + 0.045 * sloppy,
            gaps=0.25 * sloppy,
            doubles=float(rng.choice([0.0, 0.08, 0.5], p=[0.5, 0.38, 0.12])),
            pressure=float(rng.uniform(0.0, 0.6)),
        )


def wobble(stroke: Stroke, hand: Hand, rng: np.random.Generator, step: float = 0.02) -> Strokes:
    """Return one stroke as the hand draws it: one or more polylines.

    Args:
        stroke: float [K, 2], K ≥ 2, in units of the object's longer side.
        hand: how it is drawn.
        rng: source of randomness.
        step: distance between the points of the result.
    """
    lengths = np.hypot(*np.diff(stroke, axis=0).T)
    total = float(lengths.sum())
    if total < 1e-6:
        return [stroke]
    at = np.concatenate([[0.0], np.cumsum(lengths)])
    # A stroke shorter than the overshoot would become something else: the ends move by a quarter of it at most.
    early, late = np.clip(rng.normal(0.0, hand.ends, 2), -total / 4, total / 8)
    where = np.linspace(-early, total + late, max(3, int(total / step) + 2))
    closed = bool(np.hypot(*(stroke[0] - stroke[-1])) < 1e-6)
    points = _along(stroke, at, where % total if closed else where)
    size = min(1.0, total)
    points = points + _sway(where, hand.sway * np.sqrt(size), rng) + rng.normal(0.0, hand.tremble, points.shape)
    centre = points.mean(axis=0)
    scale = 1.0 + rng.normal(0.0, hand.drift, 2)
    points = turn((points - centre) * scale, float(rng.normal(0.0, 60 * hand.drift))) + centre
    points = points + rng.normal(0.0, hand.drift * np.sqrt(size) / 2, 2)
    if len(points) > 12 and rng.random() < hand.gaps:
        cut, width = int(rng.integers(4, len(points) - 6)), int(rng.integers(1, 4))
        return [points[:cut], points[cut + width :]]
    return [points]


def _along(stroke: Stroke, at: NDArray[np.float64], where: NDArray[np.float64]) -> Stroke:
    """Return points at the given distances along the stroke, which is extended straight at both ends."""
    index = np.clip(np.searchsorted(at, where, side="right") - 1, 0, len(at) - 2)
    # Two equal points in a row have no direction; a tiny length keeps the division defined and gives the point itself.
    share = (where - at[index]) / np.maximum(at[index + 1] - at[index], 1e-9)
    inside = (where >= 0) & (where <= at[-1])
    share = np.where(inside, np.clip(share, 0.0, 1.0), np.clip(share, -1.0, 2.0))
    return np.asarray(stroke[index] + share[:, None] * (stroke[index + 1] - stroke[index]))


def _sway(where: NDArray[np.float64], size: float, rng: np.random.Generator) -> Stroke:
    """Return a slow displacement [K, 2]: three sines per axis with wavelengths of 0.25 to 1.5."""
    wave = 2 * np.pi / rng.uniform(0.25, 1.5, (3, 1, 2))
    phase = rng.uniform(0.0, 2 * np.pi, (3, 1, 2))
    return np.asarray(size / 2 * np.sin(wave * where[None, :, None] + phase).sum(axis=0))


def redraw(strokes: Strokes, hand: Hand, rng: np.random.Generator) -> Strokes:
    """Return all strokes as the hand draws them."""
    drawn: Strokes = []
    for stroke in strokes:
        for _ in range(2 if rng.random() < hand.doubles else 1):
            drawn += wobble(stroke, hand, rng)
    return drawn


def hatch(strokes: Strokes, degrees: float, gap: float) -> Strokes:
    """Return parallel lines that fill the largest closed stroke; none if no stroke is closed.

    Args:
        strokes: of the object.
        degrees: direction of the lines.
        gap: between the lines, in the strokes' unit.
    """
    closed = [stroke for stroke in strokes if len(stroke) > 3 and np.hypot(*(stroke[0] - stroke[-1])) < 1e-6]
    if not closed:
        return []
    outline = turn(max(closed, key=_area), -degrees)
    a, b = outline[:-1], outline[1:]
    lines: Strokes = []
    for y in np.arange(outline[:, 1].min() + gap / 2, outline[:, 1].max(), gap):
        crossing = (a[:, 1] <= y) != (b[:, 1] <= y)
        p, q = a[crossing], b[crossing]
        x = np.sort(p[:, 0] + (y - p[:, 1]) / (q[:, 1] - p[:, 1]) * (q[:, 0] - p[:, 0]))
        lines += [turn([(left, y), (right, y)], degrees) for left, right in zip(x[::2], x[1::2], strict=True)]
    return lines


def _area(outline: Stroke) -> float:
    x, y = outline.T
    return abs(float(x[:-1] @ y[1:] - x[1:] @ y[:-1])) / 2


def ink(
    strokes: Strokes, width: int, height: int, line: float, pressure: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Draw the strokes: uint8 [height, width], 0 is no ink, 255 is full ink.

    Args:
        strokes: polylines in pixels.
        width: of the page, in pixels.
        height: of the page, in pixels.
        line: width of the line in pixels.
        pressure: relative change of the line's width within a stroke, 0–1.
        rng: source of randomness.
    """
    # OpenCV's line widths are integers: twice the size gives halves, and softer edges, where it costs little.
    zoom = 2 if max(width, height) <= 256 else 1
    mask = np.zeros((height * zoom, width * zoom), dtype=np.uint8)
    for stroke in strokes:
        fixed = np.round(stroke * zoom * 2**SHIFT).astype(np.int32)
        pieces = [fixed] if len(fixed) < 6 else [fixed[i : i + 5] for i in range(0, len(fixed) - 1, 4)]
        phase, wave = rng.uniform(0.0, 2 * np.pi), rng.uniform(0.1, 0.5)
        for k, piece in enumerate(pieces):
            now = line * (1 + pressure * float(np.sin(phase + wave * k)))
            cv2.polylines(mask, [piece], False, 255, max(1, round(now * zoom)), cv2.LINE_AA, SHIFT)
    if zoom > 1:
        mask = np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return mask
