"""Images reduced by averaging."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def shrink(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Reduce the image to a longer side of at most `side` pixels by averaging; smaller ones are not changed."""
    height, width = image.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return image
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
