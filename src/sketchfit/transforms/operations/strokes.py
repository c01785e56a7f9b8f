"""Changes of pen strokes: thicker, thinner, paler, broken, or left out.

Lengths are in 128ths of the image's side, so that a policy has the same effect at any size. The paper's colour decides
whether ink is dark or light.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from sketchfit.transforms.field import smooth
from sketchfit.transforms.line_width import change_line_width
from sketchfit.transforms.operations import operations
from sketchfit.transforms.ops import (
    AmountRange,
    Picture,
    Pixel,
    ShareRange,
    Uniforms,
    between,
    dark_ink,
    ink_of,
    pixels,
)


@operations.register("thicken")
class Thicken(Pixel):
    """Makes strokes thicker on both sides (grey-scale dilation of the ink)."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"radius": 0.0}

    op: Literal["thicken"] = "thicken"
    radius: AmountRange = (0.2, 1.0)
    """Growth on each side in 128ths of the image's side; fractions of a pixel are blended."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        def grown(kernel: Picture) -> Picture:
            return change_line_width(image, kernel, thicker=True, dark=dark_ink(paper))

        return _by_parts(image, pixels(between(self.radius, u[0]), image), grown), paper


@operations.register("thin")
class Thin(Pixel):
    """Makes strokes thinner on both sides; strokes that are too thin for that do not change, so that no line vanishes.

    The ink that an opening removes is the ink that the erosion would delete. It is kept, and so is the ink next to it:
    where thin lines cross they are thicker than elsewhere, and would otherwise come apart.
    """

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"radius": 0.0}

    op: Literal["thin"] = "thin"
    radius: AmountRange = (0.2, 1.0)
    """Loss on each side in 128ths of the image's side; fractions of a pixel are blended."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        dark = dark_ink(paper)
        ink = cv2.bitwise_not(image) if dark else image
        ground = np.empty_like(image)
        ground[:] = (255 - paper) if dark else paper

        def shrunk(kernel: Picture) -> Any:
            eroded = cv2.erode(ink, kernel)
            lost = cv2.subtract(ink, cv2.dilate(eroded, kernel))
            lines = cv2.dilate(cv2.threshold(lost, _INK, 255, cv2.THRESH_BINARY)[1], kernel)
            kept = cv2.max(cv2.max(eroded, cv2.add(lost, ground)), cv2.min(ink, lines))
            return cv2.bitwise_not(kept) if dark else kept

        return _by_parts(image, pixels(between(self.radius, u[0]), image), shrunk), paper


@operations.register("pressure")
class Pressure(Pixel):
    """Uneven pressure of the pen: ink gets paler in some places, smoothly."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"loss": 0.0}

    op: Literal["pressure"] = "pressure"
    loss: ShareRange = (0.2, 0.6)
    """Share of the ink that is lost where the pen is lightest."""
    cells: int = Field(4, ge=1, le=32)
    """About the number of hills of the field along a side."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        nodes = rng.random((self.cells + 3, self.cells + 3, 1), np.float32)
        field = smooth(nodes, image.shape[0], image.shape[1])
        field -= field.min()
        field *= -between(self.loss, u[0]) / max(float(field.max()), 1e-6)
        return _towards_paper(image, paper, 1 + field), paper


@operations.register("broken")
class Broken(Pixel):
    """Short gaps in the strokes."""

    draws: ClassVar[int] = 2
    neutral: ClassVar[dict[str, float]] = {"gaps": 0.0}

    op: Literal["broken"] = "broken"
    gaps: AmountRange = (4.0, 14.0)
    """Number of gaps."""
    radius: AmountRange = (1.0, 2.5)
    """Radius of a gap in 128ths of the image's side."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        rows, columns = np.nonzero(ink_of(image, paper) > _INK)
        if not len(rows):
            return image, paper
        image = np.ascontiguousarray(image)
        at = (rng.random(round(between(self.gaps, u[0]))) * len(rows)).astype(np.int64)
        radius, colour = pixels(between(self.radius, u[1]), image), paper.tolist()
        for y, x in zip(rows[at].tolist(), columns[at].tolist(), strict=True):
            _disc(image, x, y, radius, colour)
        return image, paper


@operations.register("drop_part")
class DropPart(Pixel):
    """Leaves out a disc around a point of the drawing, but never more than a given share of its ink."""

    draws: ClassVar[int] = 2
    neutral: ClassVar[dict[str, float]] = {"radius": 0.0}

    op: Literal["drop_part"] = "drop_part"
    radius: ShareRange = (0.06, 0.16)
    """Radius of the disc as a share of the image's side."""
    most: float = Field(0.3, gt=0, lt=1)
    """Largest share of the ink that is left out; a larger disc shrinks to it."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        ink = ink_of(image, paper)
        rows, columns = np.nonzero(ink > _INK)
        if not len(rows):
            return image, paper
        at = int(u[1] * len(rows))
        squared = (rows - rows[at]) ** 2 + (columns - columns[at]) ** 2
        amount = ink[rows, columns].astype(np.int64)
        nearest = np.argsort(squared, kind="stable")
        allowed = int(np.searchsorted(np.cumsum(amount[nearest]), self.most * amount.sum(), side="right"))
        if allowed == 0:
            return image, paper
        reach = (between(self.radius, u[0]) * image.shape[0]) ** 2
        if allowed < len(nearest):
            reach = min(reach, float(squared[nearest[allowed]]))
        y, x = np.ogrid[: image.shape[0], : image.shape[1]]
        image[(y - rows[at]) ** 2 + (x - columns[at]) ** 2 < reach] = paper
        return image, paper


@operations.register("drop_pieces")
class DropPieces(Pixel):
    """Leaves out separate pieces of the drawing (connected ink), but never the largest."""

    draws: ClassVar[int] = 0

    op: Literal["drop_pieces"] = "drop_pieces"
    each: float = Field(0.25, ge=0, le=1)
    """Probability per piece."""
    most: float = Field(0.25, gt=0, lt=1)
    """Pieces with more than this share of the pixels with ink are always kept."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        inked = (ink_of(image, paper) > _FAINT).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(inked, connectivity=8)
        if count <= 2:
            return image, paper
        area = stats[:, cv2.CC_STAT_AREA].astype(np.int64)
        area[0] = 0
        gone = (rng.random(count) < self.each) & (area <= self.most * area.sum())
        gone[[0, int(area.argmax())]] = False
        image[gone[labels]] = paper
        return image, paper


_INK = 64
"""Least difference from the paper of a pixel that counts as ink."""
_FAINT = 16
"""Least difference from the paper of a pixel that belongs to a piece."""


@lru_cache(maxsize=32)
def _ball(radius: int) -> Picture:
    """Return a disc. OpenCV's ellipse is wider than high, and so breaks slanted lines."""
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return (x * x + y * y <= radius * radius).astype(np.uint8)  # type: ignore[no-any-return]


def _by_parts(image: Picture, radius: float, morphed: Any) -> Picture:
    """Return `morphed(kernel)` at a fractional radius: a blend of those at the two nearest integers."""
    integer, part = int(radius), radius - int(radius)
    low = morphed(_ball(integer)) if integer else image
    if part < 1e-3:
        return low.reshape(image.shape)
    return cv2.addWeighted(morphed(_ball(integer + 1)), part, low, 1 - part, 0).reshape(image.shape)  # type: ignore[return-value]


def _disc(image: Picture, x: int, y: int, radius: float, colour: list[int]) -> None:
    """Fill a disc in place, with a radius exact to a sixteenth of a pixel."""
    cv2.circle(image, (x * 16, y * 16), round(radius * 16), colour, cv2.FILLED, cv2.LINE_AA, 4)


def _towards_paper(image: Picture, paper: Picture, keep: NDArray[np.float32]) -> Picture:
    """Return the image with each pixel's ink multiplied by `keep` [H, W, 1] in [0, 1]."""
    ground = paper.astype(np.float32)
    out = (image - ground) * keep
    out += ground + np.float32(0.5)
    return out.astype(np.uint8)
