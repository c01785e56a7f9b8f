"""Erasing of parts of the image: erased parts get the colour of the paper."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np
from typing_extensions import override

from sketchfit.transforms.operations import operations
from sketchfit.transforms.ops import (
    AmountRange,
    Picture,
    Pixel,
    PositiveRange,
    Probability,
    ShareRange,
    Uniforms,
    between,
)


@operations.register("erase")
class Erase(Pixel):
    """Random erasing with the colour of the paper: one rectangle inside the image.

    Zhong et al., *Random erasing data augmentation* (arXiv:1708.04896).
    """

    draws: ClassVar[int] = 4
    neutral: ClassVar[dict[str, float]] = {"area": 0.0}

    op: Literal["erase"] = "erase"
    p: Probability = 0.25
    """Probability that it is applied to an image."""
    area: ShareRange = (0.02, 0.15)
    """Share of the image's area."""
    aspect: PositiveRange = (0.4, 2.5)
    """Width to height of the rectangle, uniform on a logarithmic scale, and limited so that the rectangle fits."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        rows, columns = image.shape[:2]
        area = between(self.area, u[0])
        if area <= 0:
            return image, paper
        stretch = min(max(self.aspect[0] * (self.aspect[1] / self.aspect[0]) ** u[1], area), 1 / area)
        width = min(round(columns * math.sqrt(area * stretch)), columns)
        height = min(round(rows * math.sqrt(area / stretch)), rows)
        x, y = int(u[2] * (columns - width + 1)), int(u[3] * (rows - height + 1))
        image[y : y + height, x : x + width] = paper
        return image, paper


@operations.register("coarse_dropout")
class CoarseDropout(Pixel):
    """Several small squares with the colour of the paper; they may overlap and be partly outside.

    DeVries and Taylor, *Improved regularization of convolutional neural networks with Cutout* (arXiv:1708.04552).
    """

    draws: ClassVar[int] = 2
    neutral: ClassVar[dict[str, float]] = {"holes": 0.0}

    op: Literal["coarse_dropout"] = "coarse_dropout"
    holes: AmountRange = (3.0, 8.0)
    """Number of squares."""
    side: ShareRange = (0.06, 0.14)
    """Side of a square as a share of the image's."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        rows, columns = image.shape[:2]
        side = max(1, round(between(self.side, u[1]) * rows))
        for y, x in rng.random((round(between(self.holes, u[0])), 2)).tolist():
            top, left = round(y * rows - side / 2), round(x * columns - side / 2)
            image[max(top, 0) : top + side, max(left, 0) : left + side] = paper
        return image, paper
