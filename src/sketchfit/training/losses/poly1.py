"""Poly-1: "PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions", Leng et al., 2204.12511."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field
from typing_extensions import override

from sketchfit.config.loss import LossSection
from sketchfit.training.losses import losses

if TYPE_CHECKING:
    from torch import Tensor


@losses.register("poly1")
class Poly1(LossSection):
    """Poly-1 (Leng et al., arXiv 2204.12511): cross-entropy plus its first polynomial term; timm's implementation."""

    name: Literal["poly1"] = "poly1"
    poly_epsilon: Annotated[float, Field(ge=-1)] = 1.0
    """Weight of the added 1 - p(target); 0 is cross-entropy."""

    @override
    def per_sample(self, logits: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy + epsilon × (1 - Σ target p)."""
        from sketchfit._timm import timm

        loss: Tensor = timm.loss.PolyCrossEntropy(self.poly_epsilon, reduction="none")(logits, target)
        return loss
