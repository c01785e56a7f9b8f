"""Heat map by occlusion: how much a class loses where a part of the drawing is covered with paper.

Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, arXiv 1311.2901, section 4.2. It needs no
gradients, so it works for each graph. Windows that hold only paper change nothing and are not evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.paper import contrast, paper_colour
from sketchfit.data.resize import INK_CONTRAST

GRID = 8
"""Cells per side of the heat map."""

SPAN = 2
"""Cells per side of the window that is covered at a time."""

BATCH = 32
"""Covered pictures that are evaluated together."""

Predict = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Pictures uint8 [N, S, S, C] to probabilities float32 [N, classes]."""


@dataclass(frozen=True)
class _Window:
    """Cells `rows` × `columns`, of which some may be outside, and their pixels."""

    rows: slice
    columns: slice
    pixels: tuple[slice, slice]


def occlusion_heat(
    predict: Predict, picture: NDArray[np.uint8], label: int, grid: int = GRID, batch: int = BATCH
) -> NDArray[np.float32]:
    """Return what covering each cell costs a class.

    Args:
        predict: probabilities of prepared pictures.
        picture: uint8 [S, S, C], prepared.
        label: index of the class.
        grid: cells per side, 1 … S.
        batch: pictures per call of `predict`.

    Returns:
        float32 [grid, grid], -1 … 1: the class's probability minus that with the cell covered, the mean over the
        windows that cover it. Negative where the covered part lowers it.

    Raises:
        ValueError: `grid` does not fit the picture.
    """
    side = picture.shape[0]
    if not 1 <= grid <= side:
        raise ValueError(f"a grid of {grid} cells per side for a picture of {side} pixels")
    paper = paper_colour(picture)
    ink = contrast(picture, paper) > INK_CONTRAST
    heat, count = np.zeros((2, grid, grid), np.float64)
    inked = []
    for window in _windows(side, grid):
        count[window.rows, window.columns] += 1
        if ink[window.pixels].any():
            inked.append(window)
    full = float(predict(picture[None])[0, label])
    for start in range(0, len(inked), batch):
        part = inked[start : start + batch]
        drops = full - predict(_covered(picture, paper, part))[:, label]
        for window, drop in zip(part, drops, strict=True):
            heat[window.rows, window.columns] += drop
    return (heat / count).astype(np.float32)


def _windows(side: int, grid: int) -> Iterator[_Window]:
    """Yield the windows; those at the border cover less, so that each cell is in equally many."""
    edges = np.round(np.linspace(0, side, grid + 1)).astype(int)
    starts = range(1 - SPAN, grid)
    for top in starts:
        for left in starts:
            rows, columns = (slice(max(0, at), min(grid, at + SPAN)) for at in (top, left))
            pixels = slice(edges[rows.start], edges[rows.stop]), slice(edges[columns.start], edges[columns.stop])
            yield _Window(rows, columns, pixels)


def _covered(picture: NDArray[np.uint8], paper: NDArray[np.uint8], windows: list[_Window]) -> NDArray[np.uint8]:
    """Return one copy of the picture per window, uint8 [N, S, S, C], with the window's pixels in the paper's colour."""
    copies = np.repeat(picture[None], len(windows), axis=0)
    for copy, window in zip(copies, windows, strict=True):
        copy[window.pixels] = paper
    return copies
