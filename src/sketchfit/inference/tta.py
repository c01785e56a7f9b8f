"""Test-time views of a stored drawing: deterministic, named, several at once from one reading of the store.

A view is one picture, or several whose probabilities are averaged (`five-crop`). Which views help is another matter:
see `inference.views`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sketchfit.data.batches import load_batches
from sketchfit.data.resize import ink_box, to_square
from sketchfit.data.store import Store
from sketchfit.errors import UserError
from sketchfit.models.backbone import Network, Normalisation
from sketchfit.models.backends.answer import Answer, eager
from sketchfit.training.evaluate import autocast
from sketchfit.transforms.augment import Augment
from sketchfit.transforms.operations import operations
from sketchfit.transforms.resample import resize

Picture = NDArray[np.uint8]
Make = Callable[[Picture, Picture, int], Picture]
"""(image uint8 [S, S, C], paper uint8 [C], size) -> uint8 [size, size, C]."""

IDENTITY = "identity"
"""The view that every other one must improve on: the whole picture, as validation sees it."""

FORMS = (
    IDENTITY,
    "hflip",
    "vflip",
    "rot90",
    "rot180",
    "rot270",
    "transpose",
    "rotate+DEGREES",
    "rotate-DEGREES",
    "scaleFACTOR",
    "cropSHARE",
    "five-cropSHARE",
    "ink",
    "stretch",
    "thickenSHARE",
    "thinSHARE",
)
"""How views are written; a word in capitals is a number, as in `rotate-8`, `scale0.9`, `five-crop0.85`,
`thicken0.006`."""


@dataclass(frozen=True)
class View:
    """A named view: what the network sees of a drawing, one picture or several."""

    name: str
    pictures: tuple[Make, ...]


def parse_views(names: Sequence[str]) -> tuple[View, ...]:
    """The views of these names, each once, the identity first whether it is named or not.

    Raises:
        UserError: every name that is no view, with the nearest form.
    """
    found: dict[str, View] = {}
    problems: list[str] = []
    for name in dict.fromkeys((IDENTITY, *names)):
        try:
            found[name] = View(name, _pictures(name))
        except ValueError as error:
            problems.append(f"inference.views: {name!r} is no view: {error}")
    if problems:
        raise UserError(problems, f"Views are {', '.join(FORMS)}, a number in place of the capitals.")
    return tuple(found.values())


def view_pictures(image: Picture, paper: Picture, views: Sequence[View], size: int) -> Picture:
    """All pictures of all views, uint8 [P, size, size, C], the views in order.

    Args:
        image: uint8 [S, S, C], as stored.
        paper: uint8 [C].
    """
    return np.stack([make(image, paper, size) for view in views for make in view.pictures])


def view_probabilities(
    model: nn.Module,
    normalisation: Normalisation,
    store: Store,
    rows: NDArray[np.int64],
    views: Sequence[View],
    *,
    size: int,
    batch_size: int,
    device: torch.device,
    precision: str = "fp32",
    channels_last: bool = True,
    threads: int = 2,
    answer: Answer | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, NDArray[np.float32]]:
    """Softmax probabilities of each view; a drawing is read from the store once for all of them.

    Args:
        model: on `device`; left in evaluation mode.
        rows: rows of the store, int64 [N], at least one.
        views: at least one.
        size: side of the input in pixels.
        batch_size: pictures a forward pass, about.
        answer: what computes the probabilities instead of torch (`models.backends`).
        progress: called with the number of rows done.

    Returns:
        A view's name to float32 [N, C], rows sum to 1.
    """
    model.eval()
    answer = answer or eager(Network(model, normalisation), device, channels_last)
    counts = [len(view.pictures) for view in views]
    step = max(1, batch_size // sum(counts))
    batches = [rows[start : start + step] for start in range(0, len(rows), step)]
    found: list[NDArray[np.float32]] = []

    def pictures(image: Picture, paper: Picture, _: np.random.Generator) -> Picture:
        return view_pictures(image, paper, views, size)

    done = 0
    with torch.inference_mode(), autocast(device, precision):
        for batch in load_batches(store, batches, pictures, lambda _: _GENERATOR, threads):
            prob = answer(batch.images.reshape(-1, *batch.images.shape[2:]))
            found.append(prob.reshape(len(batch.rows), sum(counts), -1))
            done += len(batch.rows)
            progress(done)
    by_picture = np.concatenate(found)
    parts = np.split(by_picture, np.cumsum(counts)[:-1], axis=1)
    return {view.name: part.mean(axis=1, dtype=np.float32) for view, part in zip(views, parts, strict=True)}


def _whole(image: Picture, paper: Picture, size: int) -> Picture:
    del paper
    return resize(image, size)


def _turned(turn: Callable[[Picture], Picture]) -> Make:
    """A mirroring or quarter turn, exact to the pixel."""
    return lambda image, paper, size: np.ascontiguousarray(turn(_whole(image, paper, size)))


_FIXED: Mapping[str, Make] = {
    IDENTITY: _whole,
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
    """The ink alone: as large as the square allows with its own aspect (`ink`), or filling it (`stretch`)."""
    if how == "ink":
        return to_square(image, size, "ink")[0]
    top, left, bottom, right = ink_box(image, paper)
    return to_square(np.ascontiguousarray(image[top:bottom, left:right]), size, "stretch")[0]


def _pictures(name: str) -> tuple[Make, ...]:
    if name in _FIXED:
        return (_FIXED[name],)
    match = re.fullmatch(r"(rotate|scale|five-crop|crop|thicken|thin)([+-]?\d+(?:\.\d+)?)", name)
    if match is None:
        near = get_close_matches(name, FORMS, n=1, cutoff=0.4)
        raise ValueError(f"the nearest is {near[0]!r}" if near else "nothing is written like it")
    kind, value = match[1], float(match[2])
    if kind in {"crop", "five-crop"}:
        if not 0 < value < 1:
            raise ValueError("a crop is a share of the side between 0 and 1")
        places = ((0.5, 0.5),) if kind == "crop" else ((0.5, 0.5), (0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
        return tuple(_crop(value, down, across) for down, across in places)
    if kind == "scale" and not 0.2 <= value <= 5:
        raise ValueError("a scale lies between 0.2 and 5")
    if kind in {"thicken", "thin"} and not 0 < value <= 0.1:
        raise ValueError("a stroke's change is a share of the side above 0, at most 0.1")
    if kind in {"thicken", "thin"}:
        return (_strokes(kind == "thicken", value),)
    return (_operation(kind, {"rotate": "degrees", "scale": "factor"}[kind], value),)


def _crop(share: float, down: float, across: float) -> Make:
    def make(image: Picture, paper: Picture, size: int) -> Picture:
        side = max(1, round(share * image.shape[0]))
        top, left = round(down * (image.shape[0] - side)), round(across * (image.shape[1] - side))
        return _whole(image[top : top + side, left : left + side], paper, size)

    return make


def _operation(kind: str, parameter: str, value: float) -> Make:
    """A training operation whose range is one value: what it draws changes nothing."""
    operation = operations.get(kind).model_validate({"p": 1.0, parameter: (value, value)})

    def make(image: Picture, paper: Picture, size: int) -> Picture:
        return Augment([operation], size)(image, paper, _GENERATOR)

    return make


def _strokes(thicker: bool, share: float) -> Make:
    """Strokes that grow, or shrink, by a share of the side; parts of a pixel are a blend of the nearest whole ones."""

    def make(image: Picture, paper: Picture, size: int) -> Picture:
        picture = _whole(image, paper, size)
        # Dark ink grows where each pixel takes the darkest of its neighbourhood.
        change = cv2.erode if thicker == (float(paper.mean()) > 127) else cv2.dilate
        whole, part = divmod(share * size, 1.0)
        less, more = (change(picture, _disc(int(whole) + extra)) for extra in (1, 2))
        return cv2.addWeighted(less, 1 - part, more, part, 0.0).reshape(picture.shape).astype(np.uint8, copy=False)

    return make


def _disc(side: int) -> Picture:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), dtype=np.uint8)


_GENERATOR = np.random.Generator(np.random.Philox(0))  # no view depends on what it draws
