"""Soups, and what they are worth."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from sketchfit.runs.artefact import Artefact, ArtefactPart
from sketchfit.runs.estimates import Difference, Estimate


class MemberSoupRecord(ArtefactPart):
    """A soup of several candidates, fold by fold.

    Attributes:
        name: of its folder.
        how: `uniform` or `greedy`.
        candidates, taken: names of the folders that could go in, and of those that did.
        taken_by_part: those in the networks that predicted each part's out-of-fold rows.
        nested, naive: top-1, candidates chosen on other parts, and on the same rows.
        best_candidate, over_best_candidate: top-1 of the best candidate alone, and the soup compared with it.
        mean_of_probabilities, over_mean_of_probabilities: likewise for the mean of the candidates' probabilities.
    """

    name: str
    how: str
    candidates: tuple[str, ...]
    taken: tuple[str, ...]
    taken_by_part: dict[str, tuple[str, ...]]
    nested: Estimate
    naive: Estimate
    best_candidate: Estimate
    over_best_candidate: Difference
    mean_of_probabilities: Estimate
    over_mean_of_probabilities: Difference


class FoldSoupRecord(ArtefactPart):
    """A soup of one member's folds: no out-of-fold row is left to score it on."""

    name: str
    source: str
    agreement_with_folds_mean: Estimate | None = None
    out_of_fold: None = None


class SoupRecord(Artefact):
    """All soups of a run.

    Attributes:
        use: which of them predict: `none`, `members` or `folds`.
        members: soups of candidates.
        folds: a member's name to the soup of its folds.
        apart: a candidate's name to the reason why it is not averaged with the first.
    """

    PLACE = "ensemble/soup.json"
    VERSION: ClassVar[int] = 2
    use: str
    members: tuple[MemberSoupRecord, ...] = ()
    folds: dict[str, FoldSoupRecord] = Field(default={})
    apart: dict[str, str] = Field(default={})

    @classmethod
    def _upgraded(cls, content: dict[str, Any]) -> dict[str, Any]:
        """Rename what version 1 called ingredients."""
        old = {"ingredients": "candidates"}
        old |= {f"{prefix}best_ingredient": f"{prefix}best_candidate" for prefix in ("", "over_")}
        renamed = [{old.get(key, key): value for key, value in one.items()} for one in content.get("members", ())]
        return content | {"members": renamed}
