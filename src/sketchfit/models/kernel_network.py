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
        """Return the scores of the kernel head, float32 [B, C], of scaled features float32 [B, K].

        Kernel values are near one another, and coefficients nearly sum to 0: what the values have in common is taken
        out before the sum, or float32 would keep few bits of it.
        """
        with torch.autocast(values.device.type, enabled=False):  # distances are differences of large numbers
            support = self.support.float()
            lengths = (support**2).sum(dim=1)
            distance = ((values**2).sum(dim=1, keepdim=True) + lengths - 2 * values @ support.T).clamp(min=0)
            usual = torch.exp(-2 * self.gamma * lengths.mean())  # rows have mean 0, so this is of the mean distance
            return (torch.exp(-self.gamma * distance) - usual) @ self.dual + (1 + usual) * _sum_of_rows(self.dual)


def _sum_of_rows(values: Tensor) -> Tensor:
    """Return the sum float32 [C] of float32 [n, C], added up in float64 where the device has it."""
    return values.sum(dim=0) if values.device.type == "mps" else values.double().sum(dim=0).float()
