"""Symmetric cross-entropy: "Symmetric Cross Entropy for Robust Learning with Noisy Labels", Wang et al., 1908.06112."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field
from typing_extensions import override

from sketchfit.config.loss import LossSection
from sketchfit.training.losses import losses

if TYPE_CHECKING:
    from torch import Tensor

_LOG_ZERO = -4.0
"""The paper's value for log 0 in the reverse term."""


@losses.register("sce")
class SymmetricCrossEntropy(LossSection):
    """Symmetric cross-entropy (Wang et al., arXiv 1908.06112): tolerates wrong labels."""

    name: Literal["sce"] = "sce"
    sce_alpha: Annotated[float, Field(ge=0)] = 1.0
    """Weight of cross-entropy."""
    sce_beta: Annotated[float, Field(ge=0)] = 0.1
    """Weight of reverse cross-entropy, which tolerates wrong labels."""

    @override
    def per_sample(self, logits: Tensor, target: Tensor) -> Tensor:
        """alpha × CE(target, p) + beta × CE(p, target), where log target is at least -4."""
        from torch.nn.functional import cross_entropy

        log_target = target.clamp(min=math.exp(_LOG_ZERO)).log()
        reverse = -(logits.softmax(1) * log_target).sum(1)
        return self.sce_alpha * cross_entropy(logits, target, reduction="none") + self.sce_beta * reverse
