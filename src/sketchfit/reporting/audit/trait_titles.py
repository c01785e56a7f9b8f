"""Titles and units of the traits on the audit's page."""

from __future__ import annotations

from sketchfit.auditing.traits import TRAIT_NAMES

TRAIT_TITLES: dict[str, tuple[str, str]] = {
    "width": ("Width", "pixels"),
    "height": ("Height", "pixels"),
    "aspect": ("Aspect", "width over height"),
    "colour": ("Coloured", "some pixel is more colourful than JPEG compression of a grey image explains"),
    "chroma": ("Chroma", "0 … 255, 99th percentile of the difference between largest and smallest of R, G and B"),
    "inverted": ("Inverted", "light ink on darker paper"),
    "paper": ("Paper", "brightness of the paper, 0 … 255"),
    "contrast": ("Contrast", "mean difference between ink and paper, 0 … 255"),
    "ink": ("Ink", "share of the pixels that are ink"),
    "line_width": ("Line width", "pixels"),
    "relative_width": ("Relative line width", "line width over the image's longer side"),
    "drawings": ("Separate drawings", "parts that are far from each other"),
    "box_left": ("Left edge of the ink", "share of the width"),
    "box_top": ("Top edge of the ink", "share of the height"),
    "box_right": ("Right edge of the ink", "share of the width"),
    "box_bottom": ("Bottom edge of the ink", "share of the height"),
    "box_share": ("Bounding box of the ink", "share of the image that it covers"),
    "blank": ("Blank", "less than a thousandth of the image is ink"),
    "sharpness": ("Sharpness", "variance of the Laplacian over that of the brightness; low is blurred or enlarged"),
    "jpeg_quality": ("JPEG quality", "1 … 100, from the quantisation table"),
    "file_bytes": ("File size", "bytes"),
}
"""Title and unit or definition of each trait."""

assert tuple(TRAIT_TITLES) == TRAIT_NAMES, "a trait without a title"

_LONGEST = 24
"""Characters of a unit that fit below a chart."""


def unit_of(name: str) -> str:
    """Return the unit of a trait for the axis of a chart; empty where it is a long definition."""
    unit = TRAIT_TITLES[name][1]
    return unit if len(unit) <= _LONGEST else ""
