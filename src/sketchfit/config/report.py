"""`report:` the report page of a run."""

from __future__ import annotations

from pydantic import Field

from sketchfit.config.section import Section


class ReportSection(Section):
    """The report page of a run, `report/index.html`. Nothing here changes what is trained."""

    enabled: bool = True
    """Write the report at the end of a run."""
    thumbnail: int = Field(default=56, ge=24, le=160)
    """Side of the thumbnails in pixels."""
    inline_megabytes: float = Field(default=8.0, ge=0)
    """Thumbnails of up to 50,000 images are put into the page up to this size together; else into files next to it."""
    gallery: int = Field(default=150, ge=0, le=2000)
    """Most images in the gallery of errors."""
    attribution: int = Field(default=48, ge=0, le=2000)
    """Images of the gallery that get a heat map of the pixels that decided the answer; 0: none."""
    embedding: int = Field(default=3000, ge=0, le=20_000)
    """Most images on the embedding map; 0: no map."""
    robustness: int = Field(default=300, ge=0)
    """Images that are flipped, rotated, thickened, thinned and inverted, to measure how accuracy changes; 0: none."""
    resamples: int = Field(default=1000, ge=100, le=20_000)
    """Resamples of the bootstrap intervals."""
