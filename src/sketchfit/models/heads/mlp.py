"""The head with one hidden layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field
from typing_extensions import override

from sketchfit.config.head import HeadSection
from sketchfit.models.heads import heads

if TYPE_CHECKING:
    from torch import nn


@heads.register("mlp")
class Mlp(HeadSection):
    """Layer norm, hidden layer, GELU, dropout, linear layer."""

    name: Literal["mlp"] = "mlp"
    hidden: Annotated[int, Field(ge=0)] = 0
    """Width of the hidden layer; 0: as wide as the features."""
    norm: bool = True
    """Layer norm on the features first."""

    @override
    def build(self, features: int, classes: int) -> nn.Module:
        from sketchfit.models.head_modules import MlpHead

        return MlpHead(features, classes, self.hidden or features, self.dropout, self.norm)
