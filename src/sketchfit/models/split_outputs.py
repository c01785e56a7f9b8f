"""Pooled features and logits of a split model: what its frozen lower part returns is stored, the rest follows from it.

Some of the pooled stages are in the lower part. So its result is the map that the upper part continues from, and the
pooled blocks of its stages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import torch
from torch import Tensor, nn
from typing_extensions import override

from sketchfit.models.pooling import Pooling
from sketchfit.models.split import ATOL, RTOL, LowerPart, SplitModel, UpperPart


@dataclass(frozen=True)
class SplitOutputs:
    """A pooling in two parts.

    Attributes:
        lower: images float [B, 3, H, W] to float32 [B, width].
        upper: that to what the pooling returns, float32 [B, D].
        width: values per image between them.
    """

    lower: nn.Module
    upper: nn.Module
    width: int


def split_outputs(split: SplitModel, pooling: Pooling, images: Tensor) -> SplitOutputs | None:
    """Split a pooling where its model is split.

    Args:
        split: of the pooling's model, or of a copy of it.
        pooling: of the model, in evaluation mode.
        images: float [B, 3, H, W], two or more.

    Returns:
        None where the two parts do not compute what the pooling does.
    """
    split.upper.eval()
    assert isinstance(split.lower, LowerPart)
    try:
        with torch.no_grad():
            wanted = pooling.blocks(images)
            found = split.lower.apply_to(images, replace(pooling, model=split.lower.model, logits=0).blocks)[1]
            below = tuple(place for place, block in enumerate(found) if _same(block, wanted[place]))
            widths = tuple(wanted[place].shape[1] for place in below)
            lower = _LowerOutputs(split.lower, pooling, below)
            upper = _UpperOutputs(split.upper, pooling, split.shape, dict(zip(below, widths, strict=True)))
            same = _same(upper(lower(images)), torch.cat(wanted, dim=1))
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError):
        return None  # the model does more with an image than its parts do
    return SplitOutputs(lower, upper, prod(split.shape) + sum(widths)) if same else None


def _same(found: Tensor, expected: Tensor) -> bool:
    return torch.allclose(found, expected, rtol=RTOL, atol=ATOL)


class _LowerOutputs(nn.Module):
    """Images to maps, flat, and the blocks of the lower part."""

    def __init__(self, part: LowerPart, pooling: Pooling, below: Sequence[int]) -> None:
        super().__init__()
        self.part, self._pooling, self._below = part, replace(pooling, model=part.model, logits=0), below

    @override
    def forward(self, images: Tensor) -> Tensor:
        """float [B, 3, H, W] -> float32 [B, width]."""
        pooling = replace(self._pooling, model=self.part.model)  # of a copy of this module, where it is one
        maps, blocks = self.part.apply_to(images, pooling.blocks)
        return torch.cat([maps.flatten(1), *(blocks[place] for place in self._below)], dim=1)


class _UpperOutputs(nn.Module):
    """Maps, flat, and the blocks of the lower part to all blocks."""

    def __init__(self, part: UpperPart, pooling: Pooling, shape: tuple[int, ...], below: dict[int, int]) -> None:
        super().__init__()
        self.part, self._pooling = part, replace(pooling, model=part.model)
        self._shape, self._below = shape, below

    @override
    def forward(self, values: Tensor) -> Tensor:
        """float32 [B, width] -> float32 [B, D]."""
        flat, *given = torch.split(values, [prod(self._shape), *self._below.values()], dim=1)
        pooling = replace(self._pooling, model=self.part.model)  # of a copy of this module, where it is one
        blocks = self.part.apply_to(flat.reshape(-1, *self._shape), pooling.blocks)
        for place, block in zip(self._below, given, strict=True):
            blocks[place] = block
        return torch.cat(blocks, dim=1)
