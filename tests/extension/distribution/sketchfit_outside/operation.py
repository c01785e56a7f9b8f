from typing import ClassVar, Literal

import numpy as np

from sketchfit.transforms.ops import AmountRange, Picture, Pixel, Uniforms, between


class Dots(Pixel):
    """Dots of ink."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"count": 0.0}

    op: Literal["dots"] = "dots"
    count: AmountRange = (20.0, 40.0)
    """Number of dots."""

    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        at = (rng.random((round(between(self.count, u[0])), 2)) * image.shape[:2]).astype(int)
        image[at[:, 0], at[:, 1]] = 255 - paper
        return image, paper
