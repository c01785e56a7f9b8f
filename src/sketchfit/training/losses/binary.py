"""A sigmoid a class instead of one softmax: binary cross-entropy and the asymmetric loss.

BCE for classification: "ResNet strikes back", Wightman et al., arXiv 2110.00476. Asymmetric: "Asymmetric Loss For
Multi-Label Classification", Ridnik et al., arXiv 2009.14119, timm's implementation.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from sketchfit.models._timm import timm


def binary_cross_entropy(logits: Tensor, target: Tensor, threshold: float | None) -> Tensor:
    """Σ over classes of the binary cross-entropy, [B, C] and [B, C] to [B].

    With a threshold, targets above it count as 1 and the others as 0: a mixed image is wholly both of its classes.
    """
    if threshold is not None:
        target = (target > threshold).to(logits.dtype)
    return F.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(1)


def asymmetric(logits: Tensor, target: Tensor, gamma_positive: float, gamma_negative: float, clip: float) -> Tensor:
    """Σ over classes of the asymmetrically focused binary cross-entropy, [B, C] and [B, C] to [B]."""
    loss = timm.loss.AsymmetricLossMultiLabel(gamma_negative, gamma_positive, clip, reduction="none")
    each: Tensor = loss(logits, target)
    return each.sum(1)
