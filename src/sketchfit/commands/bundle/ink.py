"""How the pen of training drawings looks: width of the lines, margin of paper, colours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.auditing.shrink import shrink
from sketchfit.auditing.traits import WORKING_SIDE, measure, quantile_in
from sketchfit.bundle.manifest import PenInk
from sketchfit.data.paper import FRAME, InkMask, paper_colour

SAMPLE = 200
"""Drawings that are measured."""


@dataclass(frozen=True)
class _OneInk:
    """Measurements of one drawing; colours are float64 [3]."""

    line_width: float
    margin: float
    ink: NDArray[np.float64]
    paper: NDArray[np.float64]


def measure_ink(images: Iterable[NDArray[np.uint8]]) -> PenInk | None:
    """Return the medians over drawings.

    Args:
        images: uint8 [H, W] or [H, W, 3] each.

    Returns:
        None where all of them are blank.
    """
    found = [one for image in images if (one := _ink_of(image)) is not None]
    if not found:
        return None
    return PenInk(
        line_width=float(np.median([one.line_width for one in found])),
        margin=float(np.median([one.margin for one in found])),
        ink=_colour([one.ink for one in found]),
        paper=_colour([one.paper for one in found]),
    )


def _ink_of(image: NDArray[np.uint8]) -> _OneInk | None:
    """Measure one drawing; None where it is blank."""
    small = shrink(image, WORKING_SIDE)
    ink = InkMask.of(small)
    traits = measure(image, 0, ink=ink)
    if traits.blank or not np.isfinite(traits.relative_width):
        return None
    width = (traits.box_right - traits.box_left) * traits.width
    height = (traits.box_bottom - traits.box_top) * traits.height
    layers = small if small.ndim == 3 else small[:, :, None]
    middle = (ink.mask > 0) & (ink.apart >= quantile_in(ink.apart, ink.mask, 0.5))  # without the smoothed edges
    return _OneInk(
        traits.relative_width,
        (1 - max(width, height) / max(traits.width, traits.height)) / 2,
        np.broadcast_to(np.median(layers[middle], axis=0), 3),
        np.broadcast_to(paper_colour(layers, FRAME).astype(np.float64), 3),
    )


def _colour(colours: list[NDArray[np.float64]]) -> tuple[int, int, int]:
    red, green, blue = np.median(colours, axis=0).round().astype(int).tolist()
    return red, green, blue
