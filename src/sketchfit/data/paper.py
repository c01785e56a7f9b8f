"""Paper and ink of a drawing: which colour the paper has, and which pixels differ from it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FRAME = 2
"""Width of the frame, in pixels, whose median is the paper of `contrast`."""

_NOISE = 24


def paper_colour(image: NDArray[np.uint8], width: int = 1) -> NDArray[np.uint8]:
    """Return the median colour of an image's frame: drawings seldom touch their border.

    Args:
        image: uint8 [H, W, C].
        width: of the frame in pixels.

    Returns:
        uint8 [C].
    """
    bands = image[:width], image[-width:], image[:, :width], image[:, -width:]
    frame = np.concatenate([band.reshape(-1, image.shape[2]) for band in bands])
    return np.asarray(np.median(frame, axis=0), np.uint8)


def contrast(image: NDArray[np.uint8], paper: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Return the difference of each pixel from the paper, for any colours of paper and ink.

    Args:
        image: uint8 [H, W] or [H, W, C].
        paper: uint8 [C]; by default the median colour of the frame.

    Returns:
        uint8 [H, W], the largest difference over the channels.
    """
    layers = image if image.ndim == 3 else image[:, :, None]
    colour = paper_colour(layers, FRAME) if paper is None else paper
    planes = [np.ascontiguousarray(layers[:, :, channel]) for channel in range(layers.shape[2])]
    result = np.zeros(image.shape[:2], np.uint8)
    for plane, value in zip(planes, colour, strict=True):
        result = np.asarray(cv2.max(result, cv2.absdiff(plane, np.full_like(plane, value))), np.uint8)
    return result


@dataclass(frozen=True)
class InkMask:
    """Ink of a drawing.

    Attributes:
        apart: uint8 [H, W], `contrast`.
        mask: uint8 [H, W], `ink_mask`.
    """

    apart: NDArray[np.uint8]
    mask: NDArray[np.uint8]

    @classmethod
    def of(cls, image: NDArray[np.uint8]) -> InkMask:
        """Separate the ink of an image, uint8 [H, W] or [H, W, C], from its paper."""
        apart = contrast(image)
        return cls(apart, ink_mask(apart))


def ink_mask(difference: NDArray[np.uint8], noise: int = _NOISE) -> NDArray[np.uint8]:
    """Return the pixels that are ink, by Otsu's method.

    Args:
        difference: uint8 [H, W], from `contrast`.
        noise: a drawing whose ink has a smaller mean contrast counts as blank.

    Returns:
        uint8 [H, W], 255 for ink and 0 for paper.
    """
    _, mask = cv2.threshold(difference, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    if cv2.mean(difference, mask)[0] < noise:
        return np.zeros_like(difference)
    return np.asarray(mask, np.uint8)
