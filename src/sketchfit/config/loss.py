"""The recipe's `loss` section: what every loss shares. Each loss has its own file in `training/losses/`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from sketchfit.config.family import FamilySection

if TYPE_CHECKING:
    from torch import Tensor


class LossSection(FamilySection, ABC):
    """The loss and the terms added to it. `loss: focal` is short for `loss: {name: focal}`."""

    family: ClassVar[str] = "losses"
    usual: ClassVar[str] = "ce"

    name: str
    """The loss; its own settings are listed below."""
    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Label smoothing: this share of each target is spread evenly over all classes (arXiv 1512.00567)."""
    class_weights: Literal["none", "balanced", "effective"] = "none"
    """Weight of each image by its class: 1/count, or by the effective number of samples; mean 1 over the training
    rows."""
    effective_beta: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """`class_weights: effective`: 0 weights all classes equally, towards 1 it approaches `balanced` (arXiv
    1901.05555)."""
    supcon: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the supervised contrastive term on the features, added to the loss; 0: off (arXiv 2004.11362)."""
    supcon_temperature: Annotated[float, Field(gt=0)] = 0.1
    """Temperature of the supervised contrastive term: at a lower one the most similar images weigh more."""
    r_drop: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the disagreement of two passes under dropout, which doubles the time; 0: off (R-Drop, arXiv
    2106.14448)."""
    distill: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the loss that compares with a teacher's probabilities instead of the labels (arXiv 1503.02531). Members
    have no teacher and 0 here; `distill` sets it for its student."""
    distill_temperature: Annotated[float, Field(gt=0)] = 2.0
    """Temperature at which teacher and student are compared; `distill` sets it for its student."""

    needs_cosines: ClassVar[bool] = False
    """Whether the logits must be scaled cosines, that is, those of a head with a `logit_scale`."""

    @abstractmethod
    def per_sample(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss of each row, [B].

        Args:
            logits: [B, C], float32 or float64.
            target: [B, C] of the same dtype, what `targets` returns after label smoothing.
        """

    def targets(self, target: Tensor) -> Tensor:
        """Return the targets [B, C] that are smoothed; unchanged unless a loss overrides it.

        Args:
            target: [B, C], rows summing to 1.
        """
        return target

    def adjusted(self, logits: Tensor, target: Tensor, scale: float | None) -> Tensor:
        """Return the logits [B, C] that `per_sample` receives; unchanged unless a loss overrides it.

        Args:
            logits: [B, C].
            target: [B, C], before label smoothing.
            scale: the head's `logit_scale`.
        """
        del target, scale
        return logits
