"""Drawings for the tests."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def paper(shape: tuple[int, int]) -> Image:
    return np.full(shape, 255, np.uint8)


def scribble(seed: int, width: int = 3, strokes: int = 5, shape: tuple[int, int] = (200, 240)) -> Image:
    """Smooth random strokes, the same for the same seed whatever the width."""
    rng = np.random.default_rng(seed)
    image = paper(shape)
    for _ in range(strokes):
        corners = rng.uniform(0.12, 0.88, (5, 2)) * (shape[1], shape[0])
        t = np.linspace(0, 1, 60)[:, None]
        weights = np.concatenate(
            [np.array([1, 4, 6, 4, 1])[k] * t**k * (1 - t) ** (4 - k) for k in range(5)], axis=1
        )  # a Bezier curve
        line = np.rint(weights @ corners * 16).astype(np.int32)
        cv2.polylines(image, [line.reshape(-1, 1, 2)], False, 0, width, cv2.LINE_AA, 4)
    return image


def circle(
    radius: int = 60, width: int = 3, middle: tuple[int, int] = (100, 100), shape: tuple[int, int] = (200, 200)
) -> Image:
    return np.asarray(cv2.circle(paper(shape), middle, radius, 0, width, cv2.LINE_AA), np.uint8)


def by_hand(corners: NDArray[np.float64], seed: int, tremor: float, width: int = 3) -> Image:
    """A closed outline [K, 2] drawn on 240 x 240 paper by a hand that trembles by `tremor` pixels."""
    rng = np.random.default_rng(seed)
    closed = np.concatenate([corners, corners[:1]])
    t = np.linspace(0, len(corners), 120)
    line = np.stack([np.interp(t, np.arange(len(closed)), closed[:, axis]) for axis in (0, 1)], axis=1)
    drift = _smooth(rng, 120)
    line = np.rint((line + tremor * drift) * 16).astype(np.int32)
    image = paper((240, 240))
    cv2.polylines(image, [line.reshape(-1, 1, 2)], False, 0, width, cv2.LINE_AA, 4)
    return image


def _smooth(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Smooth noise [count, 2] of unit size."""
    window = np.hanning(21)
    noise = np.stack([np.convolve(rng.standard_normal(count + 20), window, "valid") for _ in range(2)], axis=1)
    return noise / noise.std()


def round_outline(corners: int = 60) -> NDArray[np.float64]:
    angle = 2 * np.pi * np.arange(corners) / corners
    return 120 + 80 * np.stack([np.cos(angle), np.sin(angle)], axis=1)


SQUARE = np.array([[45.0, 45.0], [195.0, 45.0], [195.0, 195.0], [45.0, 195.0]])
