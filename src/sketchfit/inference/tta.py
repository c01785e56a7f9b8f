"""Test-time views of a stored drawing: deterministic and named.

A view is one picture, or several whose probabilities are averaged (`five-crop`). `inference.predictor` predicts with
views, `inference.view_selection` chooses those that help.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.config.views import FORMS, IDENTITY, parse_view
from sketchfit.data.batches import UNUSED_GENERATOR
from sketchfit.data.resize import ink_box, to_square
from sketchfit.errors import UserError
from sketchfit.transforms.augment import Augment
from sketchfit.transforms.line_width import change_line_width, ellipse
from sketchfit.transforms.operations import operations
from sketchfit.transforms.resample import resize

Picture = NDArray[np.uint8]
Make = Callable[[Picture, Picture, int], Picture]
"""(image uint8 [S, S, C], paper uint8 [C], size) -> uint8 [size, size, C]."""


@dataclass(frozen=True)
class View:
    """A named view: one picture of a drawing, or several."""

    name: str
    pictures: tuple[Make, ...]


def parse_views(names: Sequence[str]) -> tuple[View, ...]:
    """Return the views of these names, each once; the identity is always the first.

    Raises:
        UserError: names that are no views, each with the nearest name.
    """
    found: dict[str, View] = {}
    problems: list[str] = []
    for name in dict.fromkeys((IDENTITY, *names)):
        try:
            found[name] = View(name, _pictures(name))
        except ValueError as error:
            problems.append(f"inference.views: {error}")
    if problems:
        raise UserError(problems, f"Views are {', '.join(FORMS)}, with numbers in place of the capitals.")
    return tuple(found.values())


def view_pictures(image: Picture, paper: Picture, views: Sequence[View], size: int) -> Picture:
    """Return all pictures of all views in order, uint8 [P, size, size, C].

    Args:
        image: uint8 [S, S, C], as stored.
        paper: uint8 [C].
    """
    return np.stack([make(image, paper, size) for view in views for make in view.pictures])


def count_pictures(views: Sequence[View]) -> int:
    """Return the number of pictures of all views."""
    return sum(len(view.pictures) for view in views)


def _entire(image: Picture, paper: Picture, size: int) -> Picture:
    del paper
    return resize(image, size)


def _turned(turn: Callable[[Picture], Picture]) -> Make:
    """Return a flip or a quarter turn, exact to the pixel."""
    return lambda image, paper, size: np.ascontiguousarray(turn(_entire(image, paper, size)))


_FIXED: Mapping[str, Make] = {
    IDENTITY: _entire,
    "hflip": _turned(lambda image: image[:, ::-1]),
    "vflip": _turned(lambda image: image[::-1]),
    "rot90": _turned(lambda image: np.rot90(image, 1)),
    "rot180": _turned(lambda image: np.rot90(image, 2)),
    "rot270": _turned(lambda image: np.rot90(image, 3)),
    "transpose": _turned(lambda image: image.transpose(1, 0, 2)),
    "ink": lambda image, paper, size: _ink(image, paper, size, "ink"),
    "stretch": lambda image, paper, size: _ink(image, paper, size, "stretch"),
}


def _ink(image: Picture, paper: Picture, size: int, how: str) -> Picture:
    """Return the ink's bounding box: at its own aspect ratio (`ink`), or stretched to the square (`stretch`)."""
    if how == "ink":
        return to_square(image, size, "ink")[0]
    top, left, bottom, right = ink_box(image, paper)
    return to_square(np.ascontiguousarray(image[top:bottom, left:right]), size, "stretch")[0]


def _pictures(name: str) -> tuple[Make, ...]:
    if name in _FIXED:
        return (_FIXED[name],)
    kind, value = parse_view(name)
    if kind in {"crop", "five-crop"}:
        places = ((0.5, 0.5),) if kind == "crop" else ((0.5, 0.5), (0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
        return tuple(_crop(value, down, across) for down, across in places)
    if kind in {"thicken", "thin"}:
        return (_strokes(kind == "thicken", value),)
    return (_operation(kind, {"rotate": "degrees", "scale": "factor"}[kind], value),)


def _crop(share: float, down: float, across: float) -> Make:
    def make(image: Picture, paper: Picture, size: int) -> Picture:
        side = max(1, round(share * image.shape[0]))
        top, left = round(down * (image.shape[0] - side)), round(across * (image.shape[1] - side))
        return _entire(image[top : top + side, left : left + side], paper, size)

    return make


def _operation(kind: str, parameter: str, value: float) -> Make:
    """Return a training operation whose range is one value, so that nothing is random."""
    operation = operations.get(kind).model_validate({"p": 1.0, parameter: (value, value)})

    def make(image: Picture, paper: Picture, size: int) -> Picture:
        return Augment([operation], size)(image, paper, UNUSED_GENERATOR)

    return make


def _strokes(thicker: bool, share: float) -> Make:
    """Return strokes that grow or shrink by a share of the side; fractions of a pixel are blended."""

    def make(image: Picture, paper: Picture, size: int) -> Picture:
        picture, dark = _entire(image, paper, size), float(paper.mean()) > 127
        side, part = divmod(share * size, 1.0)
        less, more = (
            change_line_width(picture, ellipse(int(side) + extra), thicker=thicker, dark=dark) for extra in (1, 2)
        )
        return cv2.addWeighted(less, 1 - part, more, part, 0.0).reshape(picture.shape).astype(np.uint8, copy=False)

    return make
