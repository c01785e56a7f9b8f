"""Names of test-time views: which there are, and which numbers they take. `inference.tta` makes their pictures."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from sketchfit.registry import nearest

IDENTITY = "identity"
"""The entire picture, as in validation: the view that every other one must improve on."""

PLAIN = (IDENTITY, "hflip", "vflip", "rot90", "rot180", "rot270", "transpose", "ink", "stretch")
"""Views without a number."""

FORMS = (
    *PLAIN,
    "rotate+DEGREES",
    "rotate-DEGREES",
    "scaleFACTOR",
    "cropSHARE",
    "five-cropSHARE",
    "thickenSHARE",
    "thinSHARE",
)
"""Names of views; a word in capitals stands for a number, as in `rotate-8`, `scale0.9`, `five-crop0.85`,
`thicken0.006`."""

_NUMBERED = re.compile(r"(rotate|scale|five-crop|crop|thicken|thin)([+-]?\d+(?:\.\d+)?)")


def parse_view(name: str) -> tuple[str, float]:
    """Return the kind and the number of a view; 0 where it has no number.

    Raises:
        ValueError: there is no such view, or its number is out of range.
    """
    if name in PLAIN:
        return name, 0.0
    match = _NUMBERED.fullmatch(name)
    if match is None:
        raise ValueError(f"there is no view {name!r}{nearest(name, FORMS)}")
    kind, value = match[1], float(match[2])
    if kind in {"crop", "five-crop"} and not 0 < value < 1:
        raise ValueError(f"a crop is a share of the side between 0 and 1, and {name!r} is not")
    if kind == "scale" and not 0.2 <= value <= 5:
        raise ValueError(f"a scale is between 0.2 and 5, and {name!r} is not")
    if kind in {"thicken", "thin"} and not 0 < value <= 0.1:
        raise ValueError(f"the change of a stroke is a share of the side above 0, at most 0.1, and {name!r} is not")
    return kind, value


def _known(name: str) -> str:
    parse_view(name)
    return name


ViewName = Annotated[str, AfterValidator(_known)]
"""Name of a view."""
