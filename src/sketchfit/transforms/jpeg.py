"""A picture saved too small."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np
from typing_extensions import override

from sketchfit.transforms.ops import Picture, Pixel, Range, Uniforms, between


class Jpeg(Pixel):
    """Saves as JPEG and reads it back."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"quality": 100.0}

    op: Literal["jpeg"] = "jpeg"
    quality: Range = (20.0, 80.0)
    """The encoder's quality, 1 to 100; rounded."""

    @override
    def apply(
        self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator
    ) -> tuple[Picture, Picture]:
        """Colour goes through the encoder in its own order of channels, as its chroma is kept more coarsely."""
        quality = min(max(round(between(self.quality, u[0])), 1), 100)
        colour = image.shape[2] == 3
        source = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if colour else image
        _, data = cv2.imencode(".jpg", source, [cv2.IMWRITE_JPEG_QUALITY, quality])
        out = cv2.imdecode(data, cv2.IMREAD_COLOR if colour else cv2.IMREAD_GRAYSCALE)
        if colour:
            out = cv2.cvtColor(out, cv2.COLOR_BGR2RGB)
        return out.reshape(image.shape), paper  # type: ignore[return-value, union-attr]
