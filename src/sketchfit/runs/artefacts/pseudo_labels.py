"""Rounds of pseudo-labels."""

from __future__ import annotations

from sketchfit.runs.artefact import Artefact, ArtefactPart
from sketchfit.runs.estimates import Difference, Estimate


class PseudoLabelRound(ArtefactPart):
    """A round of students.

    Attributes:
        number: from 1.
        chosen: pseudo-labelled test rows, mean over folds.
        teachers_right: how often the same rules choose right labels, on out-of-fold rows; None where they choose none.
        before, after: out-of-fold top-1 of the members' plain mean.
        gain: of the students over their teachers.
        kept: they replace their teachers.
    """

    number: int
    chosen: float
    teachers_right: Estimate | None = None
    before: Estimate
    after: Estimate
    gain: Difference
    kept: bool


class PseudoLabelRounds(Artefact):
    """All rounds of pseudo-labels that were tried, and how many of them were kept."""

    PLACE = "ensemble/pseudo_labels.json"
    kept: int
    rounds: tuple[PseudoLabelRound, ...]
