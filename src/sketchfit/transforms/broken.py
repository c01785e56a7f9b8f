"""Broken strokes: gaps where the pen skipped."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np
from typing_extensions import override

from sketchfit.transforms.ink import ink_mask
from sketchfit.transforms.ops import Picture, Pixel, Range, Uniforms, between


class Broken(Pixel):
    """Puts discs of paper on random places of the strokes."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"gaps": 0.0}

    op: Literal["broken"] = "broken"
    gaps: Range = (3.0, 12.0)
    """How many gaps; rounded."""
    length: Range = (0.02, 0.05)
    """Diameter of a gap as a share of the picture's side, drawn for each."""

    @override
    def apply(
        self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator
    ) -> tuple[Picture, Picture]:
        """Each gap's middle is an inked pixel, each as likely; a picture without ink stays as it is."""
        inked = np.flatnonzero(ink_mask(image, paper))
        draws = rng.random((round(between(self.gaps, u[0])), 2))
        if not len(inked):
            return image, paper
        for place, size in draws.tolist():
            y, x = divmod(int(inked[int(place * len(inked))]), image.shape[1])
            radius = max(round(between(self.length, size) * image.shape[0] / 2), 1)
            cv2.circle(image, (x, y), radius, paper.tolist(), cv2.FILLED, cv2.LINE_AA)
        return image, paper
