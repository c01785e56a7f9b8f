"""Cross-entropy with soft targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from typing_extensions import override

from sketchfit.config.loss import LossSection
from sketchfit.training.losses import losses

if TYPE_CHECKING:
    from torch import Tensor


@losses.register("ce")
class CrossEntropy(LossSection):
    """Cross-entropy with soft targets."""

    name: Literal["ce"] = "ce"

    @override
    def per_sample(self, logits: Tensor, target: Tensor) -> Tensor:
        """-Σ target log softmax(logits)."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits, target, reduction="none")
