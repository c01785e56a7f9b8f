"""Binary cross-entropy, one sigmoid per class: "ResNet strikes back", Wightman et al., arXiv 2110.00476."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field
from typing_extensions import override

from sketchfit.config.loss import LossSection
from sketchfit.training.losses import losses

if TYPE_CHECKING:
    from torch import Tensor


@losses.register("bce")
class BinaryCrossEntropy(LossSection):
    """Binary cross-entropy (Wightman et al., arXiv 2110.00476): one sigmoid per class instead of one softmax."""

    name: Literal["bce"] = "bce"
    bce_threshold: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Targets above this become 1, the others 0, before label smoothing, so that a mixed image counts fully as both of
    its classes."""

    @override
    def targets(self, target: Tensor) -> Tensor:
        """1 above the threshold, and 0 elsewhere."""
        return target if self.bce_threshold is None else (target > self.bce_threshold).to(target.dtype)

    @override
    def per_sample(self, logits: Tensor, target: Tensor) -> Tensor:
        """Σ over classes of the binary cross-entropy."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        return binary_cross_entropy_with_logits(logits, target, reduction="none").sum(1)
