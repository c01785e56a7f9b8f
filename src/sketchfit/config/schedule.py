"""The recipe's `schedule` section: the learning rate over the training."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sketchfit.config.section import Section

ScheduleName = Literal["cosine", "step", "multistep", "onecycle", "polynomial", "linear", "constant", "plateau"]


class ScheduleSection(Section):
    """The learning rate's course, by update. `schedule: step` is short for `schedule: {name: step}`."""

    name: ScheduleName = "cosine"
    """Shape of the curve after warm-up (cosine: arXiv 1608.03983)."""
    min_factor: Annotated[float, Field(ge=0, le=1)] = 0.01
    """cosine, polynomial, linear: the share of the highest rate where the curve ends. plateau: no lower than this."""
    warmup: Annotated[float, Field(ge=0)] = 0.0
    """Length of the linear rise at the start, in `warmup_unit`; not for `onecycle`, whose rise is its own."""
    warmup_unit: Literal["epochs", "steps", "share"] = "epochs"
    """What `warmup` counts: epochs, updates, or the share (0 to 1) of the whole training."""
    warmup_start: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Share of the highest rate at the very first update of a warm-up."""
    gamma: Annotated[float, Field(gt=0, le=1)] = 0.1
    """step, multistep, plateau: what the rate is multiplied by at each drop."""
    step_epochs: Annotated[float, Field(gt=0)] = 10.0
    """step: a drop every so many epochs."""
    milestones: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.6, 0.85)
    """multistep: drops at these shares of the training."""
    power: Annotated[float, Field(gt=0)] = 2.0
    """polynomial: exponent of the remaining share."""
    onecycle_rise: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """onecycle: share of the training in which the rate rises (arXiv 1708.07120)."""
    onecycle_start: Annotated[float, Field(ge=1)] = 25.0
    """onecycle: the first rate is the highest divided by this."""
    onecycle_end: Annotated[float, Field(ge=1)] = 1e4
    """onecycle: the last rate is the first divided by this."""
    plateau_patience: Annotated[int, Field(ge=0)] = 2
    """plateau: validations without improvement that are let pass before a drop."""
    plateau_threshold: Annotated[float, Field(ge=0)] = 1e-4
    """plateau: the relative change of the watched figure that counts as improvement."""

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value
