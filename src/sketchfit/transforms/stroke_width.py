"""Thicker and thinner strokes, by grey-level morphology on the ink."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field
from typing_extensions import override

from sketchfit.transforms.ink import change_ink
from sketchfit.transforms.ops import Picture, Pixel, Range, Uniforms, between


class Thicken(Pixel):
    """Makes strokes wider, as a broader pen would.

    Serra, *Image analysis and mathematical morphology* (1982).
    """

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"width": 0.0}

    op: Literal["thicken"] = "thicken"
    width: Range = Field((0.002, 0.012))
    """By how much strokes grow, as a share of the picture's side."""

    @override
    def apply(
        self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator
    ) -> tuple[Picture, Picture]:
        """Dilates the ink; parts of a pixel are a blend of the two nearest whole ones."""
        pixels = between(self.width, u[0]) * image.shape[0]
        return change_ink(image, paper, lambda ink: _blend(_thickened, ink, pixels)), paper


class Thin(Pixel):
    """Makes strokes narrower, as a finer pen would; a stroke that would vanish stays as it is."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"width": 0.0}

    op: Literal["thin"] = "thin"
    width: Range = Field((0.002, 0.01))
    """By how much strokes shrink, as a share of the picture's side."""

    @override
    def apply(
        self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator
    ) -> tuple[Picture, Picture]:
        """Erodes the ink, except where opening would lose it."""
        pixels = between(self.width, u[0]) * image.shape[0]
        return change_ink(image, paper, lambda ink: _blend(_thinned, ink, pixels)), paper


def _blend(change: Callable[[Picture, int], Picture], ink: Picture, pixels: float) -> Picture:
    whole = int(pixels)
    part = pixels - whole
    less = change(ink, whole + 1)
    if part < 0.01:
        return less
    more = change(ink, whole + 2)
    return cv2.addWeighted(less, 1 - part, more, part, 0.0)  # type: ignore[return-value]


def _thickened(ink: Picture, side: int) -> Picture:
    return ink if side <= 1 else cv2.dilate(ink, _disc(side))  # type: ignore[return-value]


def _thinned(ink: Picture, side: int) -> Picture:
    if side <= 1:
        return ink
    at, disc = (side - 1) // 2, _disc(side)
    eroded = cv2.erode(ink, disc, anchor=(at, at))
    # The mirrored anchor keeps an opening with an even side in its place.
    opened = cv2.dilate(eroded, disc, anchor=(side - 1 - at, side - 1 - at)).reshape(ink.shape)
    return np.where(opened < ink // 2, ink, eroded.reshape(ink.shape)).astype(np.uint8)


def _disc(side: int) -> Picture:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))  # type: ignore[return-value]
