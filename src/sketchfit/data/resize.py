"""How a drawing of any shape becomes a square of one size, and which colour its paper has."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Resize = Literal["stretch", "pad", "crop", "ink"]

INK_CONTRAST = 24
"""Levels of 255 by which a pixel differs from the paper to count as ink."""


def paper_colour(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Median colour of the outermost pixels: drawings seldom touch their border.

    Args:
        image: uint8 [H, W, C].

    Returns:
        uint8 [C].
    """
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    paper: NDArray[np.uint8] = np.median(border, axis=0).astype(np.uint8)
    return paper


def ink_box(image: NDArray[np.uint8], paper: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Bounding box (top, left, bottom, right; end exclusive) of the ink; the whole image if there is none."""
    contrast = np.abs(image.astype(np.int16) - paper.astype(np.int16)).max(axis=2) > INK_CONTRAST
    rows, columns = np.flatnonzero(contrast.any(axis=1)), np.flatnonzero(contrast.any(axis=0))
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
        image = _with_margin(image, paper)
    return _pad(image, size, paper), paper


def _with_margin(image: NDArray[np.uint8], paper: NDArray[np.uint8], share: float = 0.04) -> NDArray[np.uint8]:
    """The ink's bounding box and a margin of paper round it, so that no stroke lies on the border."""
    top, left, bottom, right = ink_box(image, paper)
    margin = max(1, round(share * max(bottom - top, right - left)))
    return _border(image[top:bottom, left:right], margin, margin, margin, margin, paper)


def _pad(image: NDArray[np.uint8], size: int, paper: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    scale = size / max(height, width)
    new_height, new_width = max(1, round(height * scale)), max(1, round(width * scale))
    small = _resize(image, new_height, new_width)
    top, left = (size - new_height) // 2, (size - new_width) // 2
    return _border(small, top, size - new_height - top, left, size - new_width - left, paper)


def _border(
    image: NDArray[np.uint8], top: int, bottom: int, left: int, right: int, paper: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    colour = tuple(float(value) for value in paper)
    return _three_axes(cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=colour))


def _resize(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    # Averaging keeps thin lines when shrinking; it would make blocks when enlarging.
    shrinks = height * width < image.shape[0] * image.shape[1]
    return _three_axes(
        cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    )


def _three_axes(image: NDArray[Any]) -> NDArray[np.uint8]:
    """OpenCV drops a last axis of length one."""
    return image.astype(np.uint8, copy=False).reshape(image.shape[0], image.shape[1], -1)
