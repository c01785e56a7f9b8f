"""`audit:` what is checked in the data before training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sketchfit.config.section import Distinct, Scope, Section


class AuditSection(Section):
    """What is checked in the data before training."""

    enabled: Annotated[bool, Scope(decides="training")] = True
    """Audit the data as the first stage of a run; without it there are no near-duplicate groups for the folds."""
    detail: Literal["all", "copies"] = "all"
    """`copies`: only near-duplicates and files that can't be read; traits of the drawings, the comparison of training
    and test images, the effect of plain folds and the page are left out. It takes about a third of the time."""
    external: Annotated[tuple[str, ...], Distinct] = ()
    """More training data (tables or folders of images), checked for copies of test and training images."""
    allow_overlap: bool = False
    """Continue although external data holds copies of test or training images; every figure is then too high."""
    html: bool = True
    """Write the page of images, `index.html`, next to `findings.json`."""
    thumbnail: int = Field(default=96, ge=32, le=256)
    """Longer side of the thumbnails in pixels; contact sheets show them at three quarters of that."""
    sheet_images: int = Field(default=40, ge=1, le=1000)
    """Most images shown per class; classes with more show as many, evenly spaced."""
    page_images: int = Field(default=10_000, ge=0)
    """Most images on all contact sheets together: bounds the size of the page."""
