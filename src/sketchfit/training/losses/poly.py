"""Poly-1: "PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions", Leng et al., 2204.12511."""

from __future__ import annotations

from torch import Tensor

from sketchfit._timm import timm


def poly1(logits: Tensor, target: Tensor, epsilon: float) -> Tensor:
    """Cross-entropy + epsilon × (1 - Σ target p), [B, C] and [B, C] to [B]; timm's implementation."""
    loss: Tensor = timm.loss.PolyCrossEntropy(epsilon, reduction="none")(logits, target)
    return loss
