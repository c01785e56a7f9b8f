from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

SIDE = 96


def _drawn(channels: int, side: int = SIDE, dark: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """A drawing with thick and thin strokes and a separate piece, and its paper."""
    paper, ink = (250, 15) if dark else (15, 250)
    image = np.full((side, side), paper, np.uint8)
    unit = side / 96
    at = lambda x, y: (round(x * unit), round(y * unit))  # noqa: E731
    cv2.ellipse(image, at(42, 50), at(26, 30), 20, 0, 360, ink, 4, cv2.LINE_AA)
    cv2.line(image, at(15, 20), at(60, 84), ink, 1, cv2.LINE_AA)
    cv2.circle(image, at(82, 16), round(7 * unit), ink, 2, cv2.LINE_AA)
    return np.repeat(image[:, :, None], channels, axis=2), np.full(channels, paper, np.uint8)


@pytest.fixture(scope="session")
def drawn() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Makes a drawing and its paper from (channels, side, dark)."""
    return _drawn


@pytest.fixture(params=[1, 3], ids=["grey", "colour"])
def drawing(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    return _drawn(request.param)
