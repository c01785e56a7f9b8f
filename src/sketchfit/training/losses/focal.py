"""Focal loss, here over softmax: "Focal Loss for Dense Object Detection", Lin et al., arXiv 1708.02002."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field
from typing_extensions import override

from sketchfit.config.loss import LossSection
from sketchfit.training.losses import losses

if TYPE_CHECKING:
    from torch import Tensor


@losses.register("focal")
class Focal(LossSection):
    """Focal loss over softmax (Lin et al., arXiv 1708.02002): well-classified images weigh less."""

    name: Literal["focal"] = "focal"
    focal_gamma: Annotated[float, Field(ge=0)] = 2.0
    """How much less well-classified images weigh; 0 is cross-entropy."""

    @override
    def per_sample(self, logits: Tensor, target: Tensor) -> Tensor:
        """-Σ target (1 - p)^gamma log p with p = softmax(logits)."""
        import torch

        log_p = logits.log_softmax(1)
        # For gamma below 1 the power's slope at 0 is infinite: keep away from 0.
        missing = (1 - log_p.exp()).clamp(min=torch.finfo(log_p.dtype).eps)
        return -(target * missing**self.focal_gamma * log_p).sum(1)
