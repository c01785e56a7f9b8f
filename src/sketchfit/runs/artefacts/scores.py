"""Out-of-fold accuracy: step by step, and of every ensembling rule."""

from __future__ import annotations

from typing import Any

from sketchfit.runs.artefact import Artefact, ArtefactPart, Numbers
from sketchfit.runs.estimates import Difference, Estimate


class Step(ArtefactPart):
    """A step after training and what it made of the out-of-fold accuracy.

    Attributes:
        name: of the step.
        top1: after it.
        gain: over what was there before; None for a step that starts.
    """

    name: str
    top1: Estimate
    gain: Difference | None = None

    def __str__(self) -> str:
        return f"{self.top1}" if self.gain is None else f"{self.top1}; {self.gain}"


class Steps(Artefact):
    """All steps in their order."""

    PLACE = "ensemble/steps.json"
    steps: tuple[Step, ...]

    @classmethod
    def _as_keys(cls, content: Any) -> dict[str, Any]:
        """Before format 4 of the folder the file was the list of the steps."""
        return content if isinstance(content, dict) else {"steps": tuple(content)}


class MethodFigures(ArtefactPart):
    """An ensembling rule on out-of-fold rows; see `inference.ensembling.compare.MethodScore`."""

    name: str
    nested: Estimate
    naive: Estimate
    nested_top5: Estimate
    log_loss: float
    gain: Difference
    weights: dict[str, float]


class MemberFigures(ArtefactPart):
    """A member: its accuracy, what it adds to the mean of the others, and how it differs from each member."""

    top1: Estimate
    worth: Difference | None = None
    disagreement: Numbers
    error_correlation: Numbers


class EnsembleComparison(Artefact):
    """All ensembling rules that were compared, and the members' diversity.

    Attributes:
        honest_choice: nested accuracy of choosing the best rule; None where it was not estimated.
        any_right: share of rows that at least one member has right.
    """

    PLACE = "ensemble/comparison.json"
    methods: tuple[MethodFigures, ...]
    honest_choice: Estimate | None = None
    members: dict[str, MemberFigures]
    any_right: Estimate
