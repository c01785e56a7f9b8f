"""The torch modules of the heads in `models/heads/`."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class LinearHead(nn.Linear):
    """A linear layer with dropout before it. Its weights have the names of a plain `nn.Linear`'s, so they fit both."""

    def __init__(self, features: int, classes: int, dropout: float) -> None:
        super().__init__(features, classes)
        self.dropout = dropout

    def forward(self, input: Tensor) -> Tensor:
        """[B, features] (or [B, features, 1, 1]) -> logits [B, classes]."""
        return super().forward(F.dropout(_flat(input), self.dropout, self.training))


class MlpHead(nn.Module):
    """Layer norm, hidden layer, GELU, dropout, linear."""

    def __init__(self, features: int, classes: int, hidden: int, dropout: float, norm: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(features) if norm else nn.Identity()
        self.hidden = nn.Linear(features, hidden)
        self.act = nn.GELU()
        self.drop = nn.Dropout(dropout)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, features: Tensor) -> Tensor:
        """[B, features] (or [B, features, 1, 1]) -> logits [B, classes]."""
        logits: Tensor = self.fc(self.drop(self.act(self.hidden(self.norm(_flat(features))))))
        return logits


class CosineHead(nn.Module):
    """Cosine between the features and one direction per class, times a fixed scale (arXiv 1801.09414).

    Logits are in [-scale, scale]. The ArcFace loss computes the angles from them.
    """

    def __init__(self, features: int, classes: int, scale: float, dropout: float) -> None:
        super().__init__()
        self.scale = scale
        self.dropout = dropout
        self.weight = nn.Parameter(torch.empty(classes, features))
        nn.init.xavier_normal_(self.weight)

    def forward(self, features: Tensor) -> Tensor:
        """[B, features] (or [B, features, 1, 1]) -> logits [B, classes], float32 even under autocast."""
        # The margin acts on angles near 0, which half precision cannot distinguish.
        with torch.autocast(features.device.type, enabled=False):
            dropped = F.dropout(_flat(features).to(self.weight.dtype), self.dropout, self.training)
            return self.scale * F.linear(F.normalize(dropped), F.normalize(self.weight))


def _flat(features: Tensor) -> Tensor:
    return features.flatten(1) if features.ndim == 4 else features
