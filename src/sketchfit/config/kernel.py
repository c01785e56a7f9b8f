"""The `training.kernel` section: a kernel head in closed form on the trained or the frozen backbone."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sketchfit.config.family import MemberOf
from sketchfit.config.section import Section

HEADS = ("rbf",)
"""Names of the package's heads."""


class KernelSection(Section):
    """A kernel head. `kernel: blend` is short for `kernel: {use: blend}`."""

    use: Literal["none", "replace", "blend"] = "none"
    """After training, fit a kernel head in closed form on pooled features of the fold's training images: it can
    `replace` the trained head, or `blend` with it (mean of log-probabilities). `replace` with `training.epochs=0`
    trains nothing by gradients: minutes become seconds."""
    head: Annotated[str, MemberOf("closed_forms", HEADS)] = "rbf"
    """Kind of the head: `rbf`, kernel ridge regression with a Gaussian kernel."""
    mirrored: Literal["auto", "always", "never"] = "auto"
    """Average the features of each image and the mirrored image, in training and in prediction; this takes a second
    pass. `auto`: where the backbone is frozen (`training.epochs=0`). It is not done where the class of a drawing
    depends on its direction (`transforms.mirror`)."""
    width: Annotated[float, Field(gt=0)] | Literal["auto"] | None = None
    """The kernel is exp(-width · d² / m), where m is the median of the squared distances d² of training images.
    Default: 0.25. `auto`: chosen per fold among a few by its training images that are left out, near-duplicates
    together; for a backbone that is trained it is the default."""
    strength: Annotated[float, Field(gt=0)] | Literal["auto"] | None = None
    """Penalty. The default depends on the head: `rbf` 0.03. `auto`: chosen as the width is; for a backbone that is
    trained it is the default."""

    @model_validator(mode="before")
    @classmethod
    def _use_alone(cls, value: Any) -> Any:
        return {"use": value} if isinstance(value, str) else value
