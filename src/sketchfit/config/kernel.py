"""The `training.kernel` section: a head in closed form on the trained or the frozen backbone."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sketchfit.config.family import MemberOf
from sketchfit.config.section import Section

HEADS = ("rbf", "ridge", "nearest_mean", "knn", "logistic")
"""Names of the package's heads."""


class KernelSection(Section):
    """A head in closed form. `kernel: blend` is short for `kernel: {use: blend}`."""

    use: Literal["none", "replace", "blend"] = "none"
    """After training, fit a head in closed form on pooled features of the fold's training images: it can
    `replace` the trained head, or `blend` with it (mean of log-probabilities). `replace` with `training.epochs=0`
    trains nothing by gradients: minutes become seconds."""
    head: Annotated[str, MemberOf("closed_forms", HEADS)] = "rbf"
    """Kind of the head: `rbf`, kernel ridge regression with a Gaussian kernel; `ridge`, linear ridge regression;
    `logistic`, multinomial logistic regression; `nearest_mean`, the class whose mean is nearest; `knn`, a vote of the
    nearest training images, weighted by distance."""
    mirrored: Literal["auto", "always", "never"] = "auto"
    """Average the features of each image and the mirrored image, in training and in prediction; this takes a second
    pass. `auto`: where the backbone is frozen (`training.epochs=0`). It is not done where the class of a drawing
    depends on its direction (`transforms.mirror`)."""
    width: Annotated[float, Field(gt=0)] | Literal["auto"] | None = None
    """Of `rbf`: the kernel is exp(-width · d² / m), where m is the median of the squared distances d² of training
    images. Default: 0.25. `auto`: chosen per fold among a few by its training images that are left out, near-duplicates
    together; for a backbone that is trained it is the default."""
    strength: Annotated[float, Field(gt=0)] | Literal["auto"] | None = None
    """Penalty. Default: `rbf` 0.03; `ridge` 0.1, relative to the spread of the features; `logistic` 0.03;
    `nearest_mean` 0.3, in images at the mean of all that are added to each class; `knn` 0.05, added to the share of
    each class. `auto`: chosen as the width is; for a backbone that is trained it is the default."""
    neighbours: Annotated[int, Field(ge=1)] | Literal["auto"] | None = None
    """Of `knn`: nearest training images that vote. Default: 10. `auto`: chosen as the width is."""

    @model_validator(mode="after")
    def _of_the_head(self) -> KernelSection:
        for name, head in (("width", "rbf"), ("neighbours", "knn")):
            if getattr(self, name) is not None and self.head in HEADS and self.head != head:
                raise ValueError(f"{name} is a setting of head={head}, and the head is {self.head}: leave it out")
        return self

    @model_validator(mode="before")
    @classmethod
    def _use_alone(cls, value: Any) -> Any:
        return {"use": value} if isinstance(value, str) else value
