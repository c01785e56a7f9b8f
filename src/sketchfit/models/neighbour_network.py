"""A backbone with a head that lets the nearest training images vote."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from sketchfit.models.feature_network import FeatureNetwork

LEAST_VOTE = 1e-6
"""Weight of the farthest neighbour; the same in `bank.neighbours`."""


class NeighbourNetwork(FeatureNetwork):
    """A backbone with a head of nearest neighbours (`bank.neighbours`).

    Attributes:
        support: float16 [n, K], scaled features of the training images.
        vote: float32 [n, C], 1 for the class of each of them, 0 for others.
        neighbours: scalar, how many are found; the last of them has no weight.
        smoothing: scalar, is added to the share of each class.
    """

    buffers_of_head: ClassVar[tuple[str, ...]] = ("support", "vote", "neighbours", "smoothing")

    support: Tensor
    vote: Tensor
    neighbours: Tensor
    smoothing: Tensor

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return int(self.vote.shape[1])

    def scores(self, values: Tensor) -> Tensor:
        """Return the scores of the head, float32 [B, C], of scaled features float32 [B, K]."""
        with torch.autocast(values.device.type, enabled=False):  # distances are differences of large numbers
            support = self.support.float()
            squares = (values**2).sum(dim=1, keepdim=True) + (support**2).sum(dim=1)
            distance = (squares - 2 * values @ support.T).clamp(min=0)
            nearest, place = distance.topk(int(self.neighbours), dim=1, largest=False)
            weight = 1 + LEAST_VOTE - nearest / (nearest[:, -1:] + LEAST_VOTE)
            share = (weight.unsqueeze(2) * self.vote[place]).sum(dim=1) / weight.sum(dim=1, keepdim=True)
            return torch.log(share + self.smoothing)
