"""A backbone with a linear head on its pooled features."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from sketchfit.models.feature_network import FeatureNetwork


class LinearNetwork(FeatureNetwork):
    """A backbone with a linear head in closed form.

    Attributes:
        weight: float32 [K, C].
        bias: float32 [C].
    """

    buffers_of_head: ClassVar[tuple[str, ...]] = ("weight", "bias")

    weight: Tensor
    bias: Tensor

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return int(self.weight.shape[1])

    def scores(self, values: Tensor) -> Tensor:
        """Return the scores of the head, float32 [B, C], of scaled features float32 [B, K]."""
        with torch.autocast(values.device.type, enabled=False):
            return values @ self.weight + self.bias
