"""Ink on paper of any colour: how far each pixel lies from its paper, to the dark and to the light side."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sketchfit.transforms.ops import Picture

_FAINT = 24
"""What differs from the paper by less is taken for its grain."""


def change_ink(image: Picture, paper: Picture, change: Callable[[Picture], Picture]) -> Picture:
    """The picture with its ink changed, whatever the colours of paper and ink.

    Args:
        image: uint8 [H, W, C].
        paper: uint8 [C].
        change: ink uint8 [H, W, C] (0 is paper, more is more ink) to ink of the same shape. Called once for ink darker
            than the paper and once for ink lighter than it, where there is such ink.

    Returns:
        uint8 [H, W, C]. Where dark and light ink fall together, the stronger shows.
    """
    dark = np.maximum(image, paper) - image
    light = image - np.minimum(image, paper)
    if dark.max(initial=0) >= _FAINT:
        dark = change(dark).reshape(image.shape)
    if light.max(initial=0) >= _FAINT:
        light = change(light).reshape(image.shape)
    elif not light.any():
        return paper - np.minimum(dark, paper)
    return np.where(dark >= light, paper - np.minimum(dark, paper), paper + np.minimum(light, 255 - paper))


def ink_mask(image: Picture, paper: Picture) -> NDArray[np.bool_]:
    """Which pixels carry ink: [H, W], those more than half as far from the paper as the farthest pixel."""
    amount = (np.maximum(image, paper) - np.minimum(image, paper)).max(axis=2)
    strongest = int(amount.max(initial=0))
    return amount > max(strongest // 2, _FAINT)


def ink_amount(paper: Picture) -> NDArray[np.float32]:
    """For each value, how much ink it is: float32 [256, C], 0 for the paper, 1 for what is farthest from it."""
    far = np.maximum(paper, 255 - paper).astype(np.float32)
    values: NDArray[np.float32] = np.arange(256, dtype=np.float32)[:, None]
    return np.abs(values - paper.astype(np.float32)) / far


def to_table(values: NDArray[np.float32]) -> Picture:
    """Rounds and saturates."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
