"""A backbone with a kernel head: pooled features of an image are compared with those of the training images."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from sketchfit.models.feature_network import FeatureNetwork


class KernelNetwork(FeatureNetwork):
    """A backbone with a kernel head (`bank.kernel`).

    Attributes:
        support: float16 [n, K], scaled features of the training images.
        dual: float32 [n, C], their coefficients.
        gamma: scalar, of the kernel exp(-gamma · d²) + 1.
    """

    buffers_of_head: ClassVar[tuple[str, ...]] = ("support", "dual", "gamma")

    support: Tensor
    dual: Tensor
    gamma: Tensor

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return int(self.dual.shape[1])

    def scores(self, values: Tensor) -> Tensor:
        """Return the scores of the kernel head, float32 [B, C], of scaled features float32 [B, K]."""
        with torch.autocast(values.device.type, enabled=False):  # distances are differences of large numbers
            support = self.support.float()
            squares = (values**2).sum(dim=1, keepdim=True) + (support**2).sum(dim=1)
            distance = (squares - 2 * values @ support.T).clamp(min=0)
            return (torch.exp(-self.gamma * distance) + 1) @ self.dual
