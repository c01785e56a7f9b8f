"""Supervised contrastive loss: "Supervised Contrastive Learning", Khosla et al., arXiv 2004.11362 (L_out)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def supervised_contrast(features: Tensor, label: Tensor, temperature: float) -> Tensor:
    """Return the loss that is low where features of one class are similar and those of different classes are not.

    Args:
        features: [B, D], compared by cosine.
        label: int64 [B].
        temperature: above 0.

    Returns:
        The mean over the rows that share their label with another row, a scalar; 0 where no row does.
    """
    if len(label) < 2:
        return features.sum() * 0
    unit = F.normalize(features, dim=1)
    similar = unit @ unit.T / temperature
    itself = torch.eye(len(label), dtype=torch.bool, device=label.device)
    log_share = similar - similar.masked_fill(itself, -torch.inf).logsumexp(1, keepdim=True)
    same = (label[:, None] == label[None, :]) & ~itself
    partners = same.sum(1)
    loss = -(log_share.masked_fill(~same, 0).sum(1)) / partners.clamp(min=1)
    paired = partners > 0
    return (loss * paired).sum() / paired.sum().clamp(min=1)
