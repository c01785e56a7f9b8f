"""From a stored picture to what training sees: a policy, compiled once, applied as one resampling and a few passes.

Whatever its place in the policy, geometry comes first and is fused into one resampling to the final size; everything
else follows in the policy's order, at that size, with neighbouring tone changes fused into one table.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from typing_extensions import override

from sketchfit.config.policies import policy_of
from sketchfit.config.transforms import TransformsSection
from sketchfit.transforms.ops import Op, Picture, Plan
from sketchfit.transforms.resample import resample, resize
from sketchfit.transforms.values import apply_values


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
        return apply_values(resample(image, paper, self.size, drawn, rng), paper, drawn, rng)[0]


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
