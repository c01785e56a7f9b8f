"""From a stored picture to what training sees: a policy, compiled once, applied as one resampling and a few passes.

Whatever its place in the policy, geometry comes first and is fused into one resampling to the final size; everything
else follows in the policy's order, at that size, with neighbouring tone changes fused into one table.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from typing_extensions import override

from sketchfit.config.transforms import TransformsSection
from sketchfit.transforms.ops import Drawn, Op, Picture, Pixel, Plan, Tone
from sketchfit.transforms.policy import policy_of
from sketchfit.transforms.resample import resample, resize


class Augment:
    """A policy at one output size. Calling it is a pure function of the arguments, and safe from several threads."""

    def __init__(self, ops: Sequence[Op], size: int) -> None:
        self.size = size
        self._plan = Plan(ops)

    def __call__(self, image: Picture, paper: Picture, rng: np.random.Generator) -> Picture:
        """What training sees.

        Args:
            image: uint8 [S, S', C], C in {1, 3}; not changed.
            paper: uint8 [C], the colour of what lies outside the picture and of what is erased.
            rng: the sample's own generator.

        Returns:
            uint8 [size, size, C], contiguous, never a view of `image`.
        """
        drawn = self._plan.draw(rng)
        return _values(resample(image, paper, self.size, drawn, rng), paper, drawn, rng)


class Whole(Augment):
    """No policy: the whole picture at the output size."""

    def __init__(self, size: int) -> None:
        super().__init__((), size)

    @override
    def __call__(self, image: Picture, paper: Picture, rng: np.random.Generator | None = None) -> Picture:
        """As `Augment.__call__`; draws nothing."""
        return resize(image, self.size)


def augment_for(section: TransformsSection, size: int, epoch: int, epochs: int) -> Augment:
    """What `epoch` (from 0) of `epochs` does to training pictures.

    Args:
        section: the recipe's section.
        size: side of the output in pixels.
        epoch: chooses the curriculum's stage.
        epochs: how many there are in all.

    Raises:
        UserError: the policy has a mistake.
    """
    return Augment(policy_of(section, epoch, epochs), size)


def eval_augment(size: int) -> Augment:
    """What validation and test pictures go through: the whole picture, resized, nothing drawn."""
    return Whole(size)


def _values(image: Picture, paper: Picture, drawn: Sequence[Drawn], rng: np.random.Generator) -> Picture:
    """Tone and pixel operations, in order."""
    table: Picture | None = None
    for op, u in drawn:
        if isinstance(op, Tone):
            new = op.table(image.shape[2], paper, u)
            paper = _through(paper, new)
            table = new if table is None else _through_table(table, new)
        elif isinstance(op, Pixel):
            if table is not None:
                image, table = _look_up(image, table), None
            image, paper = op.apply(image, paper, u, rng)
    return image if table is None else _look_up(image, table)


def _through(values: Picture, table: Picture) -> Picture:
    """Values [..., C] through a table [256] or [256, C]."""
    return table[values] if table.ndim == 1 else table[values, np.arange(table.shape[1])]


def _through_table(first: Picture, then: Picture) -> Picture:
    if then.ndim == 2 and first.ndim == 1:
        first = np.repeat(first[:, None], then.shape[1], axis=1)
    return _through(first, then)


def _look_up(image: Picture, table: Picture) -> Picture:
    out = cv2.LUT(image, table if table.ndim == 1 else table.reshape(1, 256, -1))
    return out.reshape(image.shape)  # type: ignore[return-value]
