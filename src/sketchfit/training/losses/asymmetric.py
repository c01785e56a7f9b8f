"""The asymmetric loss: "Asymmetric Loss For Multi-Label Classification", Ridnik et al., arXiv 2009.14119."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field
from typing_extensions import override

from sketchfit.config.loss import LossSection
from sketchfit.training.losses import losses

if TYPE_CHECKING:
    from torch import Tensor


@losses.register("asymmetric")
class Asymmetric(LossSection):
    """Asymmetric loss (Ridnik et al., arXiv 2009.14119): one sigmoid per class, easy other classes cost little."""

    name: Literal["asymmetric"] = "asymmetric"
    asymmetric_gamma_positive: Annotated[float, Field(ge=0)] = 1.0
    """Focusing on the target class."""
    asymmetric_gamma_negative: Annotated[float, Field(ge=0)] = 4.0
    """Focusing on the other classes."""
    asymmetric_clip: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Other classes whose probability is below this cost nothing."""

    @override
    def per_sample(self, logits: Tensor, target: Tensor) -> Tensor:
        """Σ over classes of the asymmetrically focused binary cross-entropy; timm's implementation."""
        from sketchfit._timm import timm

        loss = timm.loss.AsymmetricLossMultiLabel(
            self.asymmetric_gamma_negative, self.asymmetric_gamma_positive, self.asymmetric_clip, reduction="none"
        )
        each: Tensor = loss(logits, target)
        return each.sum(1)
