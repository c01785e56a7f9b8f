"""What decides the pixels of an image store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.data.resize import Resize, to_square


@dataclass(frozen=True)
class StoreSettings:
    """What decides the pixels of a store; fields as in `DataSection`."""

    size: int
    resize: Resize = "pad"
    channels: Literal["auto", 1, 3] = "auto"
    max_pixels: int = 100_000_000

    def square(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return a decoded image [H, W] or [H, W, 3] as it is stored, uint8 [S, S, C], and its paper colour [C]."""
        if image.ndim == 3 and self.channels == 1:
            image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        return to_square(image if image.ndim == 3 else image[:, :, None], self.size, self.resize)
