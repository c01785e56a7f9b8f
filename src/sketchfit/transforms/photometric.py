"""Changes of tone and sharpness that a camera or a scanner makes."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np
from typing_extensions import override

from sketchfit.transforms.ops import Picture, Range, Tone, Uniforms, between

_RAMP = np.arange(256, dtype=np.uint8).reshape(1, 256)


class BrightnessContrast(Tone):
    """Scales values about middle grey, then shifts them."""

    draws: ClassVar[int] = 2
    neutral: ClassVar[dict[str, float]] = {"brightness": 0.0, "contrast": 0.0}

    op: Literal["brightness_contrast"] = "brightness_contrast"
    brightness: Range = (-0.15, 0.15)
    """Shift as a share of 255."""
    contrast: Range = (-0.2, 0.2)
    """Values' distance from middle grey is multiplied by 1 plus this."""

    @override
    def table(self, channels: int, paper: Picture, u: Uniforms) -> Picture:
        """Saturates at 0 and 255."""
        gain = 1 + between(self.contrast, u[1])
        shift = 127.5 * (1 - gain) + 255 * between(self.brightness, u[0])
        return cv2.addWeighted(_RAMP, gain, _RAMP, 0.0, shift).reshape(256)  # type: ignore[return-value]
