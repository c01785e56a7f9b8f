"""`inference:` how probabilities are made."""

from __future__ import annotations

from pydantic import Field

from sketchfit.config.section import Section


class InferenceSection(Section):
    """How probabilities are made."""

    batch_size: int = Field(default=64, ge=1)
    """Images a forward pass."""
