"""`claim:` what a run claims for the test set, and the evidence for it."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from sketchfit.config.section import Section


class ClaimSection(Section):
    """What a run claims for the test set. `claim: false` is short for `claim: {enabled: false}`."""

    enabled: bool = True
    """Compute features of all images by the frozen backbone once, test which rows are related (for `folds.group=auto`),
    and estimate the accuracy on the test rows."""
    simulated: int = Field(default=300, ge=0)
    """Most training rows that are changed (line width, blur, rotation, paper, …) and predicted, to estimate accuracy on
    test rows that differ from training rows; 0: none, which makes that estimate less accurate under such a shift."""

    @model_validator(mode="before")
    @classmethod
    def _enabled_alone(cls, value: Any) -> Any:
        return {"enabled": value} if isinstance(value, bool) else value
