"""Bi-tempered logistic loss.

Paper: "Robust Bi-Tempered Logistic Loss Based on Bregman Divergences", Amid et al., arXiv 1906.03361.
"""

from __future__ import annotations

import torch
from torch import Tensor

_ITERATIONS = 30


def log_t(x: Tensor, t: float) -> Tensor:
    """Tempered logarithm (x^(1-t) - 1) / (1 - t); log for t = 1."""
    return x.log() if t == 1 else (x ** (1 - t) - 1) / (1 - t)


def exp_t(x: Tensor, t: float) -> Tensor:
    """Tempered exponential [1 + (1 - t) x]₊^(1 / (1 - t)); exp for t = 1."""
    return x.exp() if t == 1 else (1 + (1 - t) * x).clamp(min=0) ** (1 / (1 - t))


def tempered_softmax(logits: Tensor, t: float) -> Tensor:
    """Probabilities exp_t(logits - λ) with λ such that each row sums to 1; heavy-tailed for t > 1. [B, C] to [B, C]."""
    if t == 1:
        return logits.softmax(1)
    with torch.no_grad():
        top = logits.amax(1, keepdim=True)
        centred = logits - top
        scaled = centred
        for _ in range(_ITERATIONS):
            scaled = centred * exp_t(scaled, t).sum(1, keepdim=True) ** (1 - t)
        total = exp_t(scaled, t).sum(1, keepdim=True)
        normaliser = -log_t(1 / total, t) + top
        escort = exp_t(logits - normaliser, t) ** t
        escort = escort / escort.sum(1, keepdim=True)
    # The fixed point is found without a graph; its derivative by the logits is the escort distribution, hung on here.
    normaliser = normaliser + (escort * (logits - logits.detach())).sum(1, keepdim=True)
    return exp_t(logits - normaliser, t)


def bitempered(logits: Tensor, target: Tensor, t1: float, t2: float) -> Tensor:
    """Bregman divergence of log_t1 between target and tempered softmax, [B, C] and [B, C] to [B].

    t1 in [0, 1] bounds the loss, t2 in [1, 4] thickens the tail; 1, 1 is the Kullback–Leibler divergence, which is
    cross-entropy less the target's own entropy.
    """
    p = tempered_softmax(logits, t2).clamp(min=torch.finfo(logits.dtype).tiny)
    if t1 == 1:
        return (torch.xlogy(target, target) - target * p.log()).sum(1) - (target - p).sum(1)
    known = target * (log_t(target, t1) - log_t(p, t1))
    return (known - (target ** (2 - t1) - p ** (2 - t1)) / (2 - t1)).sum(1)
