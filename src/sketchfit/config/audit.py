"""`audit:` what is looked for in the data before training."""

from __future__ import annotations

from pydantic import Field

from sketchfit.config.section import Section


class AuditSection(Section):
    """What is looked for in the data before training."""

    enabled: bool = True
    """Audit the data as the first stage of a run; without it there are no near-duplicate groups for the folds."""
    external: tuple[str, ...] = ()
    """More training data (tables or folders of images), to be checked for copies of test and training images."""
    allow_overlap: bool = False
    """Go on although external data holds copies of test or training images; every figure is then flattered."""
    html: bool = True
    """Write the page of pictures, `index.html`, beside `findings.json`."""
    thumbnail: int = Field(default=96, ge=32, le=256)
    """Longer side of the thumbnails in pixels; contact sheets show them at three quarters of that."""
    sheet_images: int = Field(default=40, ge=1, le=1000)
    """Most images shown of one class; classes with more show as many, evenly spaced."""
    page_images: int = Field(default=10_000, ge=0)
    """Most images on all contact sheets together: bounds the size of the page."""
