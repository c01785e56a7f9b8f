"""Images by which a graph is compared with torch; they are nobody's drawings."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

_HOUSE = ((30, 70), (30, 130), (110, 130), (110, 70), (30, 70), (70, 25), (110, 70))


def vector_image() -> Image:
    """Return the image of `test_vector.npz`: a house and a tree in dark ink on cream paper, uint8 [150, 200, 3]."""
    image = np.full((150, 200, 3), (250, 246, 235), np.uint8)
    ink = (40.0, 30.0, 60.0)
    cv2.polylines(image, [np.array(_HOUSE, np.int32)], isClosed=False, color=ink, thickness=3, lineType=cv2.LINE_AA)
    cv2.line(image, (155, 135), (155, 80), ink, 3, cv2.LINE_AA)
    cv2.circle(image, (155, 60), 22, ink, 3, cv2.LINE_AA)
    return image


def compared_images() -> list[Image]:
    """Return the test image in several shapes, in colour and in grey, uint8 [H, W, 1 or 3]."""
    image = vector_image()
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None]
    sizes = ((31, 43), (400, 300), (64, 700))
    return [image, np.asarray(grey, np.uint8), *(np.asarray(cv2.resize(image, size), np.uint8) for size in sizes)]
