"""The asymmetric loss: a sigmoid a class, of which the easy ones that are not the target cost little or nothing.

Paper: "Asymmetric Loss For Multi-Label Classification", Ridnik et al., arXiv 2009.14119; timm's implementation.
"""

from __future__ import annotations

from torch import Tensor

from sketchfit._timm import timm


def asymmetric(logits: Tensor, target: Tensor, gamma_positive: float, gamma_negative: float, clip: float) -> Tensor:
    """Σ over classes of the asymmetrically focused binary cross-entropy, [B, C] and [B, C] to [B]."""
    loss = timm.loss.AsymmetricLossMultiLabel(gamma_negative, gamma_positive, clip, reduction="none")
    each: Tensor = loss(logits, target)
    return each.sum(1)
