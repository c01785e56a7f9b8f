"""Images whose colours are neutral become grey."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

GREY_TOLERANCE = 12
"""Largest difference between R, G and B (of 255) in any pixel of an image that counts as grey: more than what JPEG's
rounding of chroma adds to a neutral grey (2 … 8), less than the faintest pencil colour."""


def grey_if_neutral(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image uint8 [H, W] or [H, W, 3] RGB as grey [H, W] where R, G and B hardly differ anywhere."""
    if pixels.ndim == 2:
        return pixels
    red, green, blue = cv2.split(pixels)
    if max(cv2.norm(a, b, cv2.NORM_INF) for a, b in ((red, green), (green, blue), (red, blue))) > GREY_TOLERANCE:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
