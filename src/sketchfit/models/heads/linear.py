"""The linear head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from typing_extensions import override

from sketchfit.config.head import HeadSection
from sketchfit.models.heads import heads

if TYPE_CHECKING:
    from torch import nn


@heads.register("linear")
class Linear(HeadSection):
    """One linear layer."""

    name: Literal["linear"] = "linear"

    @property
    @override
    def is_timms(self) -> bool:
        return not self.dropout

    @override
    def build(self, features: int, classes: int) -> nn.Module:
        from sketchfit.models.head_modules import LinearHead

        return LinearHead(features, classes, self.dropout)
