"""The recipe's `schedule` section: the learning rate over the training."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from sketchfit.config.section import Distinct, Section

ScheduleName = Literal["cosine", "step", "multistep", "onecycle", "polynomial", "linear", "constant", "plateau"]


class ScheduleSection(Section):
    """The learning rate at each update. `schedule: step` is short for `schedule: {name: step}`."""

    name: ScheduleName = "cosine"
    """Shape of the curve after warm-up (cosine: arXiv 1608.03983)."""
    min_factor: Annotated[float, Field(ge=0, le=1)] = 0.01
    """cosine, polynomial, linear: the share of the highest rate where the curve ends. plateau: no lower than this."""
    warmup: Annotated[float, Field(ge=0)] = 0.0
    """Length of the linear rise at the start, in `warmup_unit`; not for `onecycle`, which has its own rise."""
    warmup_unit: Literal["epochs", "steps", "share"] = "epochs"
    """Unit of `warmup`: epochs, updates, or the share (0 to 1) of the complete training."""
    warmup_start: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Share of the highest rate at the very first update of a warm-up."""
    gamma: Annotated[float, Field(gt=0, le=1)] = 0.1
    """step, multistep, plateau: factor of the rate at each drop."""
    step_epochs: Annotated[float, Field(gt=0)] = 10.0
    """step: epochs between drops."""
    milestones: Annotated[tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(min_length=1), Distinct] = (0.6, 0.85)
    """multistep: drops at these shares of the training, in increasing order."""
    power: Annotated[float, Field(gt=0)] = 2.0
    """polynomial: exponent of the remaining share."""
    onecycle_rise: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """onecycle: share of the training in which the rate rises (arXiv 1708.07120)."""
    onecycle_start: Annotated[float, Field(ge=1)] = 25.0
    """onecycle: the first rate is the highest divided by this."""
    onecycle_end: Annotated[float, Field(ge=1)] = 1e4
    """onecycle: the last rate is the first divided by this."""
    plateau_patience: Annotated[int, Field(ge=0)] = 2
    """plateau: validations without improvement before a drop."""
    plateau_threshold: Annotated[float, Field(ge=0)] = 1e-4
    """plateau: least relative change of the validation figure that counts as improvement."""

    @field_validator("milestones")
    @classmethod
    def _increasing(cls, milestones: tuple[float, ...]) -> tuple[float, ...]:
        if list(milestones) != sorted(milestones):
            raise ValueError("milestones must increase")
        return milestones

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value
