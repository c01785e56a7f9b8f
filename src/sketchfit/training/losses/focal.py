"""Focal loss: "Focal Loss for Dense Object Detection", Lin et al., arXiv 1708.02002; here over softmax."""

from __future__ import annotations

import torch
from torch import Tensor


def focal(logits: Tensor, target: Tensor, gamma: float) -> Tensor:
    """-Σ target (1 - p)^gamma log p with p = softmax(logits), [B, C] and [B, C] to [B]; gamma 0 is cross-entropy."""
    log_p = logits.log_softmax(1)
    # For gamma below 1 the power's slope at 0 is infinite: keep clear of it.
    missing = (1 - log_p.exp()).clamp(min=torch.finfo(log_p.dtype).eps)
    return -(target * missing**gamma * log_p).sum(1)
