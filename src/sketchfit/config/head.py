"""The recipe's `model.head` section: from the backbone's features to a score for each class."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sketchfit.config.section import Section


class HeadSection(Section):
    """The classifier on top. `head: mlp` is short for `head: {name: mlp}`."""

    name: Literal["linear", "mlp", "cosine"] = "linear"
    """One linear layer; norm + hidden layer + GELU + linear; or scaled cosines to one direction a class (ArcFace)."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout just before the last layer, beside the backbone's own `drop_rate`."""
    hidden: Annotated[int, Field(ge=0)] = 0
    """mlp: width of the hidden layer; 0: as wide as the features."""
    norm: bool = True
    """mlp: layer norm on the features first."""
    scale: Annotated[float, Field(gt=0)] = 30.0
    """cosine: what the cosines are multiplied by (arXiv 1801.09414, 1801.07698)."""

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value
