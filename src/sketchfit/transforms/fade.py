"""Fainter ink: evenly, as of a hard pencil, or in places, as of a hand that presses unevenly."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field
from typing_extensions import override

from sketchfit.transforms.field import smooth
from sketchfit.transforms.ink import change_ink
from sketchfit.transforms.ops import Picture, Pixel, Range, Tone, Uniforms, between


class Fade(Tone):
    """Draws all ink towards the paper's colour."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"amount": 0.0}

    op: Literal["fade"] = "fade"
    amount: Range = (0.1, 0.5)
    """Share of the ink's distance from the paper that is lost."""

    @override
    def table(self, channels: int, paper: Picture, u: Uniforms) -> Picture:
        """Linear about the paper's value."""
        kept = 1 - between(self.amount, u[0])
        values = np.arange(256)[:, None]
        return np.clip(np.rint(paper + kept * (values - paper.astype(np.float64))), 0, 255).astype(np.uint8)


class Pressure(Pixel):
    """Fades ink by a smooth random field: some stretches of the strokes are strong, others faint."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"amount": 0.0}

    op: Literal["pressure"] = "pressure"
    amount: Range = (0.3, 0.7)
    """Largest share of the ink's distance from the paper that is lost at any place."""
    cells: int = Field(6, ge=1, le=64)
    """Cells of the field along a side: more makes the pressure change faster."""

    @override
    def apply(
        self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator
    ) -> tuple[Picture, Picture]:
        """Multiplies the ink with a field between 1 − amount and 1."""
        lost = between(self.amount, u[0])
        field = smooth(rng.random((self.cells + 3, self.cells + 3, 1), np.float32), image.shape[0], image.shape[1])
        low, high = float(field.min()), float(field.max())
        kept = 1 - lost * (field - low) / max(high - low, 1e-6)
        return change_ink(image, paper, lambda ink: np.rint(ink * kept).astype(np.uint8)), paper
