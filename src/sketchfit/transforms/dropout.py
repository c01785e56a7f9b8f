"""Several small holes, in paper colour."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from typing_extensions import override

from sketchfit.transforms.ops import Picture, Pixel, Range, Uniforms, between


class CoarseDropout(Pixel):
    """Cutout with many small rectangles instead of one square, each filled with paper.

    DeVries and Taylor, *Improved regularization of convolutional neural networks with Cutout* (arXiv:1708.04552).
    """

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"holes": 0.0}

    op: Literal["coarse_dropout"] = "coarse_dropout"
    p: float = 0.5
    """Probability that it is applied to a picture."""
    holes: Range = (3.0, 8.0)
    """How many holes; rounded."""
    side: Range = (0.05, 0.12)
    """A hole's width and height, each as a share of the picture's; drawn for each."""

    @override
    def apply(
        self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator
    ) -> tuple[Picture, Picture]:
        """Each hole lies inside the picture; holes may overlap."""
        rows, columns = image.shape[:2]
        for a, b, c, d in rng.random((round(between(self.holes, u[0])), 4)).tolist():
            height = min(round(rows * between(self.side, a)), rows)
            width = min(round(columns * between(self.side, b)), columns)
            y, x = int(c * (rows - height + 1)), int(d * (columns - width + 1))
            image[y : y + height, x : x + width] = paper
        return image, paper
