"""`report:` the page about a run."""

from __future__ import annotations

from pydantic import Field

from sketchfit.config.section import Section


class ReportSection(Section):
    """The page about a run, `report/index.html`. None of this changes what is trained."""

    enabled: bool = True
    """Write the report at the end of a run."""
    thumbnail: int = Field(default=56, ge=24, le=160)
    """Side of the small pictures in pixels."""
    inline_megabytes: float = Field(default=8.0, ge=0)
    """Small pictures of all drawings are put into the page up to that size together; beyond it, into files beside."""
    gallery: int = Field(default=150, ge=0, le=2000)
    """Most drawings in the gallery of errors."""
    attribution: int = Field(default=48, ge=0, le=2000)
    """Drawings of the gallery that get a heat map of what the network looked at; 0 switches it off."""
    embedding: int = Field(default=3000, ge=0, le=20_000)
    """Most drawings on the embedding map; 0 switches it off."""
    robustness: int = Field(default=300, ge=0)
    """Drawings that are flipped, rotated, thickened, thinned and inverted to see what the network makes of them; 0
    switches it off."""
    resamples: int = Field(default=1000, ge=100, le=20_000)
    """Resamples behind the bootstrap intervals."""
