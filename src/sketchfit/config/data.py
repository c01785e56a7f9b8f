"""`data:` how tables are read and images are stored."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sketchfit.config.section import Section


class DataSection(Section):
    """How tables are read and images are stored."""

    image_column: str | None = None
    """Column that names the image; found by itself in the usual layouts."""
    label_column: str | None = None
    """Column that holds the label; found by itself in the usual layouts."""
    exclude: str | None = None
    """Reviewed list of training images to leave out, a CSV (`--exclude FILE`)."""
    relabel: str | None = None
    """Reviewed list of training images with other labels, a CSV (`--relabel FILE`)."""
    resize: Literal["stretch", "pad", "crop", "ink"] = "pad"
    """How a drawing becomes square: `stretch` it, `pad` it with paper colour, `crop` its middle, or crop to the
    `ink` and pad."""
    size: int | None = Field(default=None, ge=8, le=4096)
    """Side of the stored images in pixels; by default 1.125 × the largest input size, so that a crop stays sharp."""
    channels: Literal["auto", 1, 3] = "auto"
    """Channels stored: `auto` keeps one where all drawings are grey, 1 turns all of them grey, 3 keeps colour."""
    max_pixels: int = Field(default=100_000_000, ge=1)
    """An image with more pixels than this counts as unreadable (a decompression bomb, most likely)."""
    cache: str | None = None
    """Folder of the stores; by default `$SKETCHFIT_CACHE`, else `sketchfit` in the user's cache folder."""
