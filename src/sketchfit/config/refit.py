"""`refit:` one more network a member, trained on all rows."""

from __future__ import annotations

from pydantic import Field

from sketchfit.config.section import Section


class RefitSection(Section):
    """One more network a member, trained on all labelled rows; it answers test rows beside the folds' networks."""

    enabled: bool = False
    """Train it. It has no out-of-fold rows: the figures are those of the folds, and say nothing of it."""
    weight: float = Field(default=1.0, gt=0)
    """How much it counts in its member's answer, where the network of a fold counts 1."""
