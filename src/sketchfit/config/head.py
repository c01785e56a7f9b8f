"""The recipe's `model.head` section: what every head shares. Each head has its own file in `models/heads/`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from sketchfit.config.family import FamilySection

if TYPE_CHECKING:
    from torch import nn


class HeadSection(FamilySection, ABC):
    """The classifier on top of the backbone's features. `head: mlp` is short for `head: {name: mlp}`."""

    family: ClassVar[str] = "heads"
    usual: ClassVar[str] = "linear"

    name: str
    """The head; its own settings are listed below."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout just before the last layer, in addition to the backbone's own `drop_rate`."""

    @property
    def is_timms(self) -> bool:
        """Whether timm's own linear classifier is this head, so that `build` is not called."""
        return False

    @property
    def logit_scale(self) -> float | None:
        """The scale of the logits where they are scaled cosines, which ArcFace needs; else None."""
        return None

    @abstractmethod
    def build(self, features: int, classes: int) -> nn.Module:
        """Return the head, initialised from torch's global generator.

        Args:
            features: width of the backbone's features.
            classes: number of classes.

        Returns:
            A module from features [B, features] or [B, features, 1, 1] to logits [B, classes].
        """
