"""Grain."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np
from typing_extensions import override

from sketchfit.transforms.ops import Picture, Pixel, Range, Uniforms, between


class Noise(Pixel):
    """Adds Gaussian noise, to each pixel and channel on its own."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"std": 0.0}

    op: Literal["noise"] = "noise"
    std: Range = (0.01, 0.06)
    """Standard deviation as a share of 255."""

    @override
    def apply(
        self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator
    ) -> tuple[Picture, Picture]:
        """Saturates at 0 and 255."""
        grain = rng.standard_normal(image.shape, np.float32) * np.float32(255 * between(self.std, u[0]))
        return cv2.add(image, grain, dtype=cv2.CV_8U).reshape(image.shape), paper  # type: ignore[return-value]
