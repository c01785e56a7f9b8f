"""The cosine head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field
from typing_extensions import override

from sketchfit.config.head import HeadSection
from sketchfit.models.heads import heads

if TYPE_CHECKING:
    from torch import nn


@heads.register("cosine")
class Cosine(HeadSection):
    """Scaled cosines between the features and one direction per class (arXiv 1801.09414); for ArcFace."""

    name: Literal["cosine"] = "cosine"
    scale: Annotated[float, Field(gt=0)] = 30.0
    """Factor of the cosines (arXiv 1801.09414, 1801.07698)."""

    @property
    @override
    def logit_scale(self) -> float:
        return self.scale

    @override
    def build(self, features: int, classes: int) -> nn.Module:
        from sketchfit.models.head_modules import CosineHead

        return CosineHead(features, classes, self.scale, self.dropout)
