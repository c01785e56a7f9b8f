"""Tone and pixel operations in their order; adjacent tone changes are fused into one table."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from sketchfit.transforms.ops import Picture, Pixel, Sampled, Tone


def apply_values(
    image: Picture, paper: Picture, sampled: Sequence[Sampled], rng: np.random.Generator
) -> tuple[Picture, Picture]:
    """Apply all tone and pixel operations among `sampled`.

    Args:
        image: uint8 [H, W, C]; may be overwritten.
        paper: uint8 [C].
        sampled: operations with their numbers; geometric ones are skipped.
        rng: for fields of noise.

    Returns:
        The image uint8 [H, W, C], and its new paper colour [C].
    """
    table: Picture | None = None
    for op, u in sampled:
        if isinstance(op, Tone):
            new = op.table(image.shape[2], paper, u)
            paper = _through(paper, new)
            table = new if table is None else _through_table(table, new)
        elif isinstance(op, Pixel):
            if table is not None:
                image, table = look_up(image, table), None
            image, paper = op.apply(image, paper, u, rng)
    return (image if table is None else look_up(image, table)), paper


def _through(values: Picture, table: Picture) -> Picture:
    """Return values [..., C] mapped by a table [256] or [256, C]."""
    return table[values] if table.ndim == 1 else table[values, np.arange(table.shape[1])]


def _through_table(first: Picture, then: Picture) -> Picture:
    if then.ndim == 2 and first.ndim == 1:
        first = np.repeat(first[:, None], then.shape[1], axis=1)
    return _through(first, then)


def look_up(image: Picture, table: Picture) -> Picture:
    """Return an image [H, W, C] mapped by a table [256] or [256, C]."""
    out = cv2.LUT(image, table if table.ndim == 1 else table.reshape(1, 256, -1))
    return out.reshape(image.shape)  # type: ignore[return-value]
