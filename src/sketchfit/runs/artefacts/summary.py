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
    """A recommendation: the first one, or the first one with a command.

    Attributes:
        title, evidence: what was observed, in sentences.
        action: what to do, an imperative clause.
        gain: the expected gain in words, or why none is claimed.
        command: ready to copy; empty where there is none.
        anchor: of the section of the report that shows the drawings; may be empty.
    """

    title: str
    action: str
    gain: str
    command: str
    evidence: str = ""
    anchor: str = ""


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
        networks: number of networks whose average is the answer to the test drawings.
        averaging: gain of averaging them that the claim includes.
        weaknesses: the worst first.
        next_step: None where no rule applies.
        command_step: the first recommendation with a command; None where that is `next_step`, or there is none.
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
    networks: int = 1
    averaging: float = 0.0
    weaknesses: tuple[Weakness, ...] = ()
    next_step: FirstAdvice | None = None
    command_step: FirstAdvice | None = None
    untested: tuple[str, ...] = ()
