"""A picture out of focus."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np
from typing_extensions import override

from sketchfit.transforms.ops import Picture, Pixel, Range, Uniforms, between


class Blur(Pixel):
    """Gaussian blur."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"sigma": 0.0}

    op: Literal["blur"] = "blur"
    sigma: Range = (0.002, 0.007)
    """Standard deviation of the kernel as a share of the picture's side."""

    @override
    def apply(
        self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator
    ) -> tuple[Picture, Picture]:
        """The border is repeated."""
        sigma = between(self.sigma, u[0]) * image.shape[0]
        if sigma <= 0:
            return image, paper
        out = cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        return out.reshape(image.shape), paper  # type: ignore[return-value]
