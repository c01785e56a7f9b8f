"""Thicker and thinner strokes, by grey-scale morphology."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.transforms.ops import Picture


def ellipse(side: int) -> Picture:
    """Return OpenCV's elliptic neighbourhood, uint8 [side, side]."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), dtype=np.uint8)


def change_line_width(image: Picture, neighbourhood: NDArray[np.uint8], *, thicker: bool, dark: bool) -> Picture:
    """Make strokes thicker, or thinner: each pixel takes the value of the most, or the least, inked neighbour.

    Args:
        image: uint8 [H, W, C].
        neighbourhood: uint8 [h, w], 1 for the pixels around the middle that count.
        thicker: False: thinner.
        dark: whether the ink is darker than the paper.

    Returns:
        uint8 [H, W, C].
    """
    change = cv2.erode if thicker == dark else cv2.dilate  # erosion takes the darkest neighbour
    return np.asarray(change(image, neighbourhood), dtype=np.uint8).reshape(image.shape)
