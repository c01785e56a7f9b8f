"""Which parts of an image speak for a class: the heat map by occlusion, on the picture that it belongs to."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

SHOWN = 320
"""Side of the picture in a notebook."""

_FOR, _AGAINST = (220, 40, 40), (40, 80, 220)
_STRONGEST = 0.7
"""Opacity of the largest value."""


@dataclass(frozen=True)
class ImageExplanation:
    """What each part of an image contributes to a class.

    Attributes:
        label: of the class, as in the training table.
        name: of the class, for display.
        probability: of the class.
        heat: float32 [G, G], what covering the cell costs the probability, -1 … 1; negative where the part speaks
            against the class.
        picture: uint8 [S, S, C], the square that the heat belongs to.
    """

    label: str
    name: str
    probability: float
    heat: NDArray[np.float32]
    picture: NDArray[np.uint8]

    def overlay(self, size: int = SHOWN) -> Image.Image:
        """Return the picture with red where the class is supported, blue where it is opposed.

        Args:
            size: side in pixels.
        """
        from PIL import Image

        coloured = np.broadcast_to(self.picture, (*self.picture.shape[:2], 3)).astype(np.float32)
        picture = cv2.resize(coloured, (size, size), interpolation=cv2.INTER_LINEAR)
        heat = cv2.resize(self.heat, (size, size), interpolation=cv2.INTER_LINEAR)[..., None]
        strength = _STRONGEST * np.abs(heat) / max(float(np.abs(self.heat).max()), 1e-6)
        colour = np.where(heat >= 0, np.array(_FOR, np.float32), np.array(_AGAINST, np.float32))
        return Image.fromarray(np.rint(picture * (1 - strength) + colour * strength).astype(np.uint8))

    def __repr__(self) -> str:
        return f"ImageExplanation({self.name} {100 * self.probability:.1f} %, heat {list(self.heat.shape)})"

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.overlay().save(file, "PNG")
        return file.getvalue()
