"""`refit:` one more network per member, trained on all rows."""

from __future__ import annotations

from pydantic import Field

from sketchfit.config.section import Section


class RefitSection(Section):
    """One more network per member, trained on all labelled rows; used on test rows together with the folds'
    networks."""

    enabled: bool = False
    """Train it. It has no out-of-fold rows: the figures are those of the folds alone."""
    weight: float = Field(default=1.0, gt=0)
    """Its weight in its member's test probabilities, where the network of a fold counts 1."""
