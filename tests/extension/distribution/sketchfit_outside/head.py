from typing import Annotated, Literal

from pydantic import Field
from torch import nn

from sketchfit.config.head import HeadSection


class Bottleneck(HeadSection):
    """Two linear layers with few units between them."""

    name: Literal["bottleneck"] = "bottleneck"
    units: Annotated[int, Field(ge=1)] = 8
    """Units between the two layers."""

    def build(self, features: int, classes: int) -> nn.Module:
        drop = nn.Dropout(self.dropout)
        return nn.Sequential(nn.Flatten(1), nn.Linear(features, self.units), drop, nn.Linear(self.units, classes))
