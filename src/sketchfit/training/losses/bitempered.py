"""Bi-tempered loss: "Robust Bi-Tempered Logistic Loss Based on Bregman Divergences", Amid et al., arXiv 1906.03361."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field
from typing_extensions import override

from sketchfit.config.loss import LossSection
from sketchfit.training.losses import losses

if TYPE_CHECKING:
    from torch import Tensor

_ITERATIONS = 30


@losses.register("bitempered")
class BiTempered(LossSection):
    """Bi-tempered logistic loss (Amid et al., arXiv 1906.03361): bounded, with a heavier tail than softmax.

    With t1 = t2 = 1 it is the Kullback–Leibler divergence, that is, cross-entropy minus the target's own entropy.
    """

    name: Literal["bitempered"] = "bitempered"
    bitempered_t1: Annotated[float, Field(ge=0, le=1)] = 0.9
    """Below 1 it bounds the loss of an outlier; 1 is the logarithm."""
    bitempered_t2: Annotated[float, Field(ge=1, le=4)] = 1.05
    """Above 1 it gives softmax a heavier tail near the boundary; 1 is softmax."""

    @override
    def per_sample(self, logits: Tensor, target: Tensor) -> Tensor:
        """Bregman divergence of log_t1 between target and tempered softmax."""
        import torch

        t1 = self.bitempered_t1
        p = tempered_softmax(logits, self.bitempered_t2).clamp(min=torch.finfo(logits.dtype).tiny)
        if t1 == 1:
            return (torch.xlogy(target, target) - target * p.log()).sum(1) - (target - p).sum(1)
        known = target * (log_t(target, t1) - log_t(p, t1))
        return (known - (target ** (2 - t1) - p ** (2 - t1)) / (2 - t1)).sum(1)


def log_t(x: Tensor, t: float) -> Tensor:
    """Return the tempered logarithm (x^(1-t) - 1) / (1 - t); log for t = 1."""
    return x.log() if t == 1 else (x ** (1 - t) - 1) / (1 - t)


def exp_t(x: Tensor, t: float) -> Tensor:
    """Return the tempered exponential [1 + (1 - t) x]₊^(1 / (1 - t)); exp for t = 1."""
    return x.exp() if t == 1 else (1 + (1 - t) * x).clamp(min=0) ** (1 / (1 - t))


def tempered_softmax(logits: Tensor, t: float) -> Tensor:
    """Return exp_t(logits - λ) [B, C] with λ such that rows sum to 1; heavy-tailed for t > 1."""
    import torch

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
    # The fixed point is found without a graph; its derivative with respect to the logits is the escort distribution.
    normaliser = normaliser + (escort * (logits - logits.detach())).sum(1, keepdim=True)
    return exp_t(logits - normaliser, t)
