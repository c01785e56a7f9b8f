"""Cross-entropy with soft targets, and label smoothing.

Smoothing: "Rethinking the Inception Architecture for Computer Vision", Szegedy et al., arXiv 1512.00567.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def smooth(target: Tensor, smoothing: float) -> Tensor:
    """(1 - smoothing) × target + smoothing / C: [B, C] to [B, C], rows still summing to 1."""
    return target * (1 - smoothing) + smoothing / target.shape[1] if smoothing else target


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """-Σ target log softmax(logits), [B, C] and [B, C] to [B]."""
    return F.cross_entropy(logits, target, reduction="none")
