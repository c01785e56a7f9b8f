"""Augmentation of one image by a policy: one resampling and a few passes.

Geometry is applied first, wherever it is in the policy, fused into one resampling to the final size. Everything else
follows in the policy's order at that size, with adjacent tone changes fused into one table.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from typing_extensions import override

from sketchfit.config.policies import policy_of
from sketchfit.config.transforms import TransformsSection
from sketchfit.transforms.ops import Op, OperationSequence, Picture, Sampled
from sketchfit.transforms.resample import resample, resize
from sketchfit.transforms.values import apply_values


class Augment:
    """A policy at one output size. A call is a pure function of its arguments and thread-safe."""

    def __init__(self, ops: Sequence[Op], size: int, left_out: frozenset[str] = frozenset()) -> None:
        """Make the augmentation of these operations.

        Args:
            ops: in the order of the policy.
            size: side of the output in pixels.
            left_out: names of operations that are not applied; the others have the same effect as with them.
        """
        self.size = size
        self._ops, self._left_out = ops, left_out
        self._sequence = OperationSequence(ops)

    def without(self, names: frozenset[str]) -> Augment:
        """Return the same augmentation without some operations, by name."""
        return Augment(self._ops, self.size, self._left_out | names)

    def applied(self, rng: np.random.Generator) -> list[str]:
        """Return the names of the operations that are applied with this generator, in order."""
        return [op.op for op, _ in self._sample(rng)]

    def _sample(self, rng: np.random.Generator) -> list[Sampled]:
        sampled = self._sequence.sample(rng)
        return [one for one in sampled if one[0].op not in self._left_out] if self._left_out else sampled

    def __call__(self, image: Picture, paper: Picture, rng: np.random.Generator) -> Picture:
        """Return the augmented image.

        Args:
            image: uint8 [S, S', C], C in {1, 3}; not changed.
            paper: uint8 [C], the colour outside the image and of erased parts.
            rng: the sample's own generator.

        Returns:
            uint8 [size, size, C], contiguous, never a view of `image`.
        """
        sampled = self._sample(rng)
        return apply_values(resample(image, paper, self.size, sampled, rng), paper, sampled, rng)[0]


class Resize(Augment):
    """No policy: the entire image at the output size."""

    def __init__(self, size: int) -> None:
        super().__init__((), size)

    @override
    def __call__(self, image: Picture, paper: Picture, rng: np.random.Generator | None = None) -> Picture:
        """Return the resized image; `rng` is not used."""
        return resize(image, self.size)


def augment_for(section: TransformsSection, size: int, epoch: int, epochs: int) -> Augment:
    """Return the augmentation of training images in one epoch.

    Args:
        section: the recipe's `transforms` section.
        size: side of the output in pixels.
        epoch: number of the epoch, from 0; it decides the curriculum's stage.
        epochs: number of epochs of the training.

    Raises:
        UserError: the policy has a mistake.
    """
    return Augment(policy_of(section, epoch, epochs), size)


def eval_augment(size: int) -> Augment:
    """Return the transform of validation and test images: the entire image, resized."""
    return Resize(size)
