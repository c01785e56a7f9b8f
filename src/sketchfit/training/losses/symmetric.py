"""Symmetric cross-entropy: "Symmetric Cross Entropy for Robust Learning with Noisy Labels", Wang et al., 1908.06112."""

from __future__ import annotations

import math

from torch import Tensor

from sketchfit.training.losses.cross_entropy import cross_entropy

_LOG_ZERO = -4.0
"""The paper's stand-in for log 0 in the reverse term."""


def symmetric_cross_entropy(logits: Tensor, target: Tensor, alpha: float, beta: float) -> Tensor:
    """alpha × CE(target, p) + beta × CE(p, target), where log target is at least -4; [B, C] and [B, C] to [B]."""
    log_target = target.clamp(min=math.exp(_LOG_ZERO)).log()
    reverse = -(logits.softmax(1) * log_target).sum(1)
    return alpha * cross_entropy(logits, target) + beta * reverse
