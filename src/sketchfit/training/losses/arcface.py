"""ArcFace: "Additive Angular Margin Loss for Deep Face Recognition", Deng et al., arXiv 1801.07698."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from sketchfit.config.loss import LossSection
from sketchfit.training.losses import losses

if TYPE_CHECKING:
    from torch import Tensor


@losses.register("arcface")
class ArcFace(LossSection):
    """ArcFace (Deng et al., arXiv 1801.07698): cross-entropy with a margin on the target's angle."""

    needs_cosines: ClassVar[bool] = True

    name: Literal["arcface"] = "arcface"
    arcface_margin: Annotated[float, Field(ge=0, lt=1.5)] = 0.3
    """Angle in radians by which the target class is made harder."""

    @override
    def per_sample(self, logits: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy of the adjusted logits."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits, target, reduction="none")

    @override
    def adjusted(self, logits: Tensor, target: Tensor, scale: float | None) -> Tensor:
        """Return the cosine head's logits with the target's angle enlarged by the margin.

        A class whose share of a mixed target is t gets the share t of the change. Where angle + margin would exceed π,
        the cosine continues to fall linearly, so that the loss never rewards a worse angle (as in the authors' code).

        Raises:
            ValueError: the logits are not scaled cosines.
        """
        if scale is None or logits.detach().abs().max() > 1.01 * scale:
            raise ValueError(f"ArcFace needs scaled cosines: the head's scale is {scale}, and these logits are larger")
        cosine, margin = logits / scale, self.arcface_margin
        # Kept away from ±1, where the sine's slope is infinite.
        sine = (1 - cosine.clamp(-1, 1) ** 2).clamp(min=1e-6).sqrt()
        moved = cosine * math.cos(margin) - sine * math.sin(margin)
        beyond = cosine - math.sin(margin) * margin
        harder = moved.where(cosine > math.cos(math.pi - margin), beyond)
        return scale * (cosine + target * (harder - cosine))
