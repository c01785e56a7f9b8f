"""What a request to `/predict` states besides its images: `?top=5&coverage=0.95&reject=0.05`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from sketchfit.bundle.predictions import TOP
from sketchfit.serving.refused import Refused

MOST_TOP = 1000
MOST_CLASSES = 5000
"""Classes that one answer names, over all its images."""


@dataclass(frozen=True)
class PredictQuery:
    """Parameters of a request.

    Attributes:
        top: number of classes per image.
        coverage: of prediction sets; None: the bundle's usual one.
        reject: share of images of known classes that may be called unknown; None: no image is.
    """

    top: int = TOP
    coverage: float | None = None
    reject: float | None = None

    @classmethod
    def of(cls, query: QueryParams, reject: float | None = None) -> PredictQuery:
        """Read the parameters.

        Args:
            query: of the request.
            reject: where the request states none.

        Raises:
            Refused: one of them is not what it should be (400).
        """
        text = query.get("top", str(TOP))
        top = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
        if not 1 <= top <= MOST_TOP:
            raise Refused(400, f"top is a number between 1 and {MOST_TOP}")
        share = _share(query, "reject")
        return cls(top, _share(query, "coverage"), reject if share is None else share)

    def check(self, images: int) -> None:
        """Refuse an answer that would be too long.

        Raises:
            Refused: so many images with so many classes each (400).
        """
        if images * self.top > MOST_CLASSES:
            raise Refused(400, f"one answer may name {MOST_CLASSES} classes: top is at most {MOST_CLASSES // images}")


def _share(query: QueryParams, name: str) -> float | None:
    if name not in query:
        return None
    try:
        value = float(query[name])
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise Refused(400, f"{name} is a number between 0 and 1, as 0.95")
    return value
