"""The answers at the top of a report, kept for the overview of the run."""

from __future__ import annotations

from sketchfit.runs.artefact import Artefact, ArtefactPart
from sketchfit.runs.estimates import Estimate


class Weakness(ArtefactPart):
    """What fails more often than the rest, by more than chance.

    Attributes:
        subject: its name.
        text: how often it fails, a clause.
        anchor: of the section of the report that shows it.
    """

    subject: str
    text: str
    anchor: str


class FirstAdvice(ArtefactPart):
    """The first recommendation.

    Attributes:
        title: what was observed, one sentence.
        action: what to do, an imperative clause.
        gain: the expected gain in words, or why none is claimed.
        command: ready to copy; empty where there is none.
    """

    title: str
    action: str
    gain: str
    command: str


class RunSummary(Artefact):
    """How good the answer of a run is, how sure that is, what fails, what to do next, and what was not tested.

    Attributes:
        expected: accuracy to expect on the rows that `subject` names; the claim, or the out-of-fold figure without one.
        subject: such as `the 327 test drawings`.
        claimed: whether it is a claim.
        out_of_fold: top-1 on the training drawings, each predicted by networks that were not trained on it.
        guessing: accuracy of always predicting the largest class.
        classes: number of classes.
        label_free: estimate from the answers to the test drawings, without labels; None without one.
        alarm: whether the two disagree by more than chance.
        averaged: whether the claim includes a gain of averaging networks.
        weaknesses: the worst first; empty where nothing is worse than the rest by more than chance.
        next_step: None where no rule applies.
        untested: what the figures do not show, one sentence without a full stop each.
    """

    PLACE = "report/summary.json"
    expected: Estimate
    subject: str
    claimed: bool
    out_of_fold: Estimate
    guessing: float
    classes: int
    label_free: Estimate | None = None
    alarm: bool = False
    averaged: bool = False
    weaknesses: tuple[Weakness, ...] = ()
    next_step: FirstAdvice | None = None
    untested: tuple[str, ...] = ()
