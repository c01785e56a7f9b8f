"""A heat map over the drawing that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.reporting.heat.explainer import HeatMap

Pixels = NDArray[np.uint8]

STRONGEST = 0.65
"""Opacity of the largest value."""


@dataclass(frozen=True)
class HeatPicture:
    """A drawing under its heat map.

    Attributes:
        pixels: uint8 [S, S, 3].
        note: which method was used, for a caption: "by Grad-CAM".
    """

    pixels: Pixels
    note: str

    @classmethod
    def of(cls, drawing: Pixels, found: HeatMap) -> Self:
        """Put a heat map over a drawing, uint8 [S, S, 1 or 3]."""
        return cls(overlay(drawing, found.heat), f"by {found.method}")


def overlay(image: Pixels, heat: NDArray[np.float32]) -> Pixels:
    """Draw a heat map over a drawing: uint8 [H, W, 3].

    Args:
        image: uint8 [H, W, C], C in {1, 3}.
        heat: float [H, W], 0 … 1.
    """
    grey = image if image.shape[2] == 3 else np.repeat(image, 3, axis=2)
    colour = cv2.cvtColor(cv2.applyColorMap((255 * heat).astype(np.uint8), cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    weight = STRONGEST * np.sqrt(heat)[:, :, None]
    return np.asarray(grey * (1 - weight) + np.asarray(colour) * weight, dtype=np.uint8)
