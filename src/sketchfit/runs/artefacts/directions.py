"""Classes of which flipped or turned drawings look like another class, as measured before training."""

from __future__ import annotations

from typing import Literal

from sketchfit.runs.artefact import Artefact, ArtefactPart
from sketchfit.wording import p_statement


class DirectionFigures(ArtefactPart):
    """One class and one turn; see `audit.directions.Direction`.

    Attributes:
        turn: operation of a policy.
        source, target: what the user's table calls the classes: drawings of `source`, turned, look like `target`.
        rows: drawings of `source` that were measured.
        as_they_are: share of them that is classified as `source`.
        turned_source, turned_target: share of the turned ones that is classified as `source` and as `target`.
        p: of no difference between drawings and turned drawings.
    """

    turn: Literal["hflip", "vflip", "quarter_turn"]
    source: str
    target: str
    rows: int
    as_they_are: float
    turned_source: float
    turned_target: float
    p: float

    def __str__(self) -> str:
        """The figures, in one line."""
        target, own, before = (100 * one for one in (self.turned_target, self.turned_source, self.as_they_are))
        turned = f"{target:.0f} % of {self.rows} drawings look like {self.target!r}"
        kept = f"{own:.0f} % like {self.source!r} (unchanged {before:.0f} %; {p_statement(self.p)})"
        return f"{self.turn} of {self.source!r}: {turned}, {kept}"


class Directions(Artefact):
    """What was measured.

    Attributes:
        key: digest of the images, labels and turns.
        found: one entry per class and turn that changes it.
    """

    PLACE = "audit/directions.json"
    key: str
    found: tuple[DirectionFigures, ...]
