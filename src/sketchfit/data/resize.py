"""Resize a drawing of any shape to a square."""

from __future__ import annotations

import math
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.data.paper import contrast, paper_colour

Resize = Literal["stretch", "pad", "crop", "ink"]

INK_CONTRAST = 24
"""Levels of 255 by which a pixel differs from the paper to count as ink."""

INK_MARGIN = 0.04
"""Paper around the ink's bounding box, as a share of its longer side, so that no stroke touches the border."""


FREE_PIXELS = 1 << 24
"""A margin may have so many pixels more than the ink's bounding box; longer and thinner boxes are reduced first."""


def ink_box(image: NDArray[np.uint8], paper: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Return the bounding box of the ink: top, left, bottom, right, ends exclusive. The entire image if there is none.

    Args:
        image: uint8 [H, W, C].
        paper: uint8 [C].
    """
    is_ink = contrast(image, paper) > INK_CONTRAST
    rows, columns = np.flatnonzero(is_ink.any(axis=1)), np.flatnonzero(is_ink.any(axis=0))
    if rows.size == 0:
        return 0, 0, image.shape[0], image.shape[1]
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def to_square(image: NDArray[np.uint8], size: int, how: Resize) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Resize a drawing to a square.

    Args:
        image: uint8 [H, W, C], any shape.
        size: side of the result in pixels.
        how: see `DataSection.resize`.

    Returns:
        uint8 [size, size, C] and the paper colour, uint8 [C].
    """
    paper = paper_colour(image)
    if how == "stretch":
        return _resize(image, size, size), paper
    if how == "crop":
        height, width = image.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        return _resize(image[top : top + side, left : left + side], size, size), paper
    if how == "ink":
        image = _cut_to_ink(image, paper)
    return _pad(image, size, paper), paper


def _cut_to_ink(image: NDArray[np.uint8], paper: NDArray[np.uint8]) -> NDArray[np.uint8]:
    top, left, bottom, right = ink_box(image, paper)
    cut = image[top:bottom, left:right]
    pixels, margin = _with_margin(cut)
    allowed = 2 * cut.shape[0] * cut.shape[1] + FREE_PIXELS
    if pixels > allowed:  # long and thin: the margin of 100 × 250,000 pixels would have 5 billion
        scale = math.sqrt(allowed / pixels)
        cut = _resize(cut, *(max(1, round(scale * side)) for side in cut.shape[:2]))
        _, margin = _with_margin(cut)
    return _border(cut, (margin, margin), (margin, margin), paper)


def _with_margin(cut: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the pixels of the ink with a margin of paper, and the width of the margin."""
    height, width = cut.shape[:2]
    margin = max(1, round(INK_MARGIN * max(height, width)))
    return (height + 2 * margin) * (width + 2 * margin), margin


def _pad(image: NDArray[np.uint8], size: int, paper: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    scale = size / max(height, width)
    new_height, new_width = max(1, round(height * scale)), max(1, round(width * scale))
    small = _resize(image, new_height, new_width)
    top, left = (size - new_height) // 2, (size - new_width) // 2
    return _border(small, (top, size - new_height - top), (left, size - new_width - left), paper)


def _border(
    image: NDArray[np.uint8], rows: tuple[int, int], columns: tuple[int, int], paper: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Add rows of paper above and below, columns left and right."""
    colour = tuple(float(value) for value in paper)
    return _three_axes(cv2.copyMakeBorder(image, *rows, *columns, cv2.BORDER_CONSTANT, value=colour))


def _resize(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    # Averaging keeps thin lines when shrinking; it would make blocks when enlarging.
    shrinks = height * width < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return _three_axes(cv2.resize(image, (width, height), interpolation=method))


def _three_axes(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Restore a last axis of length one, which OpenCV drops."""
    return image.astype(np.uint8, copy=False).reshape(image.shape[0], image.shape[1], -1)
