"""Line width, margin and colours of drawings that are drawn to measure."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sketchfit.commands.bundle.ink import measure_ink


def drawing(side: int, left: int, right: int, width: int, ink: float = 0.0, paper: int = 255) -> np.ndarray:
    """A horizontal line from `left` up to `right`, without the latter, uint8 [side, side]."""
    image = np.full((side, side), paper, np.uint8)
    top = (side - width) // 2
    image[top : top + width, left:right] = ink
    return image


def test_width_and_margin_are_shares_of_the_side() -> None:
    """Lines of 8 px in 200 px; they span 160 px, so that 20 px stay on each side if they are in the middle."""
    found = measure_ink([drawing(200, 0, 160, 8), drawing(200, 20, 180, 8), drawing(200, 40, 200, 8)])
    assert found is not None
    assert found.line_width == pytest.approx(8 / 200, rel=0.1)
    assert found.margin == pytest.approx(0.1, abs=0.005)
    assert (found.ink, found.paper) == ((0, 0, 0), (255, 255, 255))


def test_a_wide_image_has_the_margin_of_its_longer_side() -> None:
    """As in a square: the line spans 300 of 400 px."""
    image = np.full((100, 400), 255, np.uint8)
    image[46:54, 10:310] = 0
    found = measure_ink([image])
    assert found is not None
    assert found.margin == pytest.approx(0.125, abs=0.005)
    assert found.line_width == pytest.approx(8 / 400, rel=0.15)


def test_colours_are_those_of_the_middle_of_strokes() -> None:
    """Smoothed edges are lighter than the ink and count for nothing."""
    image = np.full((200, 200, 3), (240, 230, 200), np.uint8)
    cv2.line(image, (30, 40), (170, 160), (20.0, 40.0, 120.0), 7, cv2.LINE_AA)
    found = measure_ink([image])
    assert found is not None
    assert (found.ink, found.paper) == ((20, 40, 120), (240, 230, 200))


def test_white_on_black() -> None:
    found = measure_ink([drawing(100, 10, 90, 6, ink=250, paper=5)])
    assert found is not None
    assert (found.ink, found.paper) == ((250, 250, 250), (5, 5, 5))


def test_blank_drawings_do_not_count() -> None:
    blank = np.full((50, 50), 255, np.uint8)
    assert measure_ink([]) is None
    assert measure_ink([blank]) is None
    assert measure_ink([blank, drawing(100, 20, 80, 6)]) == measure_ink([drawing(100, 20, 80, 6)])
