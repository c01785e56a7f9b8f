"""The recipe's `optimizer` section."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sketchfit.config.section import CheckedBy, Section


class OptimizerSection(Section):
    """The optimizer and its rates. `optimizer: lion` is short for `optimizer: {name: lion}`."""

    name: Annotated[str, CheckedBy("trial")] = "adamw"
    """One of timm's optimizers: `sketchfit options optimizers` lists them. `sgd` is Nesterov's, `momentum` is plain."""
    lr: Annotated[float, Field(gt=0)] = 1e-3
    """Highest learning rate, of the last layers; the schedule and the scales below multiply it."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.05
    """Weight decay, of matrices only: not of biases, norms and the parameters that the model excludes."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Momentum, where the optimizer has one."""
    betas: Annotated[tuple[Annotated[float, Field(ge=0, lt=1)], ...], Field(min_length=2, max_length=3)] | None = None
    """Decay of the moments, where the optimizer has them; null: the optimizer's own."""
    eps: Annotated[float, Field(gt=0)] | None = None
    """Added to denominators, where the optimizer has it; null: the optimizer's own."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] | None = None
    """Layer-wise learning-rate decay (LLRD): the rate of each layer group is this times that of the group after it
    (arXiv 1801.06146, 2106.08254)."""
    layer_decay_min: Annotated[float, Field(ge=0, le=1)] = 0.0
    """No layer's rate is below this share of `lr`."""
    head_lr_scale: Annotated[float, Field(gt=0)] = 1.0
    """The head's rate as a multiple of `lr`: a new head often needs a higher one than a pretrained backbone."""
    lookahead: bool = False
    """Lookahead: every sixth step, move halfway back to slow weights (arXiv 1907.08610)."""
    sam: Literal["none", "sam", "asam"] = "none"
    """Sharpness-aware minimisation around the optimizer, at twice the time (arXiv 2010.01412, adaptive 2102.11600)."""
    sam_rho: Annotated[float, Field(gt=0)] | None = None
    """Length of SAM's step before it computes the gradient; null: 0.05 for `sam`, 0.5 for `asam`."""
    extra: dict[str, bool | int | float | str | None] = Field(default_factory=dict)
    """Further arguments for the optimizer's constructor, by name."""

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value
