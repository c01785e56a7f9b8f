"""The `probe` section: fit the head on the frozen backbone's features before fine-tuning (LP-FT)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from sketchfit.config.section import Section


class ProbeSection(Section):
    """A linear probe first. `probe: true` is short for `probe: {enabled: true}`."""

    enabled: bool = False
    """Fit the head alone on the pretrained backbone's features, then fine-tune all (LP-FT, arXiv 2202.10054)."""
    l2: Annotated[float, Field(ge=0)] = 1e-2
    """Weight of half the squared length of the head's matrices, added to the mean loss over the training rows."""
    iterations: Annotated[int, Field(ge=1)] = 100
    """Most iterations of L-BFGS."""

    @model_validator(mode="before")
    @classmethod
    def _enabled_alone(cls, value: Any) -> Any:
        return {"enabled": value} if isinstance(value, bool) else value
