"""Changes of the network's input that stand for the ways in which test images can differ from training images.

Each shift is a pure function of a picture, its paper and a random generator. Lengths are in 128ths of the image's side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.transforms.operations.geometry import Rotate, Scale
from sketchfit.transforms.operations.strokes import Thicken, Thin
from sketchfit.transforms.ops import Pixel, ink_of
from sketchfit.transforms.resample import resample

Picture = NDArray[np.uint8]
Change = Callable[[Picture, Picture, np.random.Generator], Picture]
"""(picture uint8 [S, S, C], paper uint8 [C], generator) to the changed picture, of the same shape."""


@dataclass(frozen=True)
class PictureShift:
    """A change of pictures.

    Attributes:
        kind: shifts of one kind differ in strength only.
        name: unique.
        change: what it does.
    """

    kind: str
    name: str
    change: Change


def picture_shifts() -> tuple[PictureShift, ...]:
    """Return all shifts, each kind from weak to strong."""
    return (
        PictureShift("line width", "thinner lines", _operation(Thin(radius=(1.0, 1.0)))),
        PictureShift("line width", "thicker lines", _operation(Thicken(radius=(1.0, 1.0)))),
        PictureShift("line width", "much thicker lines", _operation(Thicken(radius=(2.5, 2.5)))),
        PictureShift("blur", "blur", _blur(1.0)),
        PictureShift("blur", "strong blur", _blur(2.5)),
        PictureShift("ink", "paler ink", _towards_paper(0.4)),
        PictureShift("inversion", "inversion", _inversion(1.0)),
        PictureShift("rotation", "rotation by 12°", _rotation(12.0)),
        PictureShift("rotation", "rotation by 25°", _rotation(25.0)),
        PictureShift("rotation", "rotation by 45°", _rotation(45.0)),
        PictureShift("paper", "uneven paper", _uneven(20.0)),
        PictureShift("paper", "very uneven paper", _uneven(60.0)),
        PictureShift("size", "smaller drawing", _scale(0.7)),
        PictureShift("size", "larger drawing", _scale(1.35)),
    )


def _operation(op: Pixel) -> Change:
    numbers = (0.5,) * op.draws
    return lambda picture, paper, rng: op.apply(picture.copy(), paper, numbers, rng)[0]


def _blur(length: float) -> Change:
    def change(picture: Picture, paper: Picture, rng: np.random.Generator) -> Picture:
        del paper, rng
        sigma = length * picture.shape[0] / 128
        smooth = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        return np.asarray(smooth, np.uint8).reshape(picture.shape)

    return change


def _towards_paper(keep: float) -> Change:
    """Return a change that leaves this share of the difference from the paper."""

    def change(picture: Picture, paper: Picture, rng: np.random.Generator) -> Picture:
        del rng
        ground = paper.astype(np.float32)
        return np.rint(ground + keep * (picture - ground)).astype(np.uint8)

    return change


def _inversion(share: float) -> Change:
    def change(picture: Picture, paper: Picture, rng: np.random.Generator) -> Picture:
        del paper, rng
        return np.rint(picture + share * (255.0 - 2.0 * picture)).astype(np.uint8)

    return change


def _rotation(degrees: float) -> Change:
    """Return a rotation to the left or to the right."""

    def change(picture: Picture, paper: Picture, rng: np.random.Generator) -> Picture:
        angle = degrees if rng.random() < 0.5 else -degrees
        turn = Rotate(degrees=(angle, angle))
        return resample(picture, paper, picture.shape[0], [(turn, (0.5,))], rng)

    return change


def _scale(factor: float) -> Change:
    def change(picture: Picture, paper: Picture, rng: np.random.Generator) -> Picture:
        return resample(picture, paper, picture.shape[0], [(Scale(factor=(factor, factor)), (0.5,))], rng)

    return change


def _uneven(depth: float) -> Change:
    """Return a change that makes paper darker (dark paper: brighter) by up to `depth` levels, in spots and grain."""

    def change(picture: Picture, paper: Picture, rng: np.random.Generator) -> Picture:
        side = picture.shape[0]
        coarse = rng.random((max(2, side // 12), max(2, side // 12)), dtype=np.float32)
        spots = np.asarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)
        uneven = np.clip(0.5 * spots + 0.5 * rng.random((side, side), dtype=np.float32), 0, 1)
        bare = 1 - ink_of(picture, paper).astype(np.float32) / 255
        sign = -1 if float(paper.mean()) > 127 else 1
        changed = picture + sign * depth * (uneven * bare)[:, :, None]
        return np.clip(np.rint(changed), 0, 255).astype(np.uint8)

    return change
