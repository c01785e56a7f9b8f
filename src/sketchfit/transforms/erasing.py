"""Erasing parts of the picture: what is erased becomes paper, as if it had never been drawn."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np
from typing_extensions import override

from sketchfit.transforms.ops import Picture, Pixel, Range, Uniforms, between


class Erase(Pixel):
    """Random erasing in paper colour: one rectangle inside the picture.

    Zhong et al., *Random erasing data augmentation* (arXiv:1708.04896).
    """

    draws: ClassVar[int] = 4
    neutral: ClassVar[dict[str, float]] = {"area": 0.0}

    op: Literal["erase"] = "erase"
    p: float = 0.25
    """Probability that it is applied to a picture."""
    area: Range = (0.02, 0.15)
    """Share of the picture's area."""
    aspect: Range = (0.4, 2.5)
    """Width to height of the rectangle; drawn evenly on a logarithmic scale, and kept where the rectangle fits."""

    @override
    def apply(
        self,
        image: Picture,
        paper: Picture,
        u: Uniforms,
        rng: np.random.Generator,
    ) -> tuple[Picture, Picture]:
        """Fills the rectangle in place."""
        rows, columns = image.shape[:2]
        area = between(self.area, u[0])
        stretch = self.aspect[0] * (self.aspect[1] / self.aspect[0]) ** u[1]
        stretch = min(max(stretch, area), 1 / area) if area > 0 else stretch
        width = min(round(columns * math.sqrt(area * stretch)), columns)
        height = min(round(rows * math.sqrt(area / stretch)), rows)
        x, y = int(u[2] * (columns - width + 1)), int(u[3] * (rows - height + 1))
        image[y : y + height, x : x + width] = paper
        return image, paper
