"""Section "What is claimed": the claim and its parts, the estimate without labels, and the related rows."""

from __future__ import annotations

from dataclasses import dataclass

from sketchfit.reporting.run.page_section import PageSection, page_section
from sketchfit.runs.artefacts import ClaimRecord, LabelFreeFigures
from sketchfit.runs.artefacts.claims import percent
from sketchfit.runs.estimates import Estimate
from sketchfit.runs.run import Run
from sketchfit.wording import counted

AVERAGED = (
    "each prediction averages the networks; estimated from how often they disagree on the test drawings: where they "
    "err in different ways, the average is correct more often than one of them"
)
"""What the gain of averaging is estimated from."""

FREQUENCIES = (
    "classes count as often as they are estimated to occur among the test drawings, which differs from training"
)
"""What the change by class frequencies is."""
KNOWN = (
    "the groups of some test drawings occur in training, and folds keep groups together; estimated from a head on "
    "frozen features, which is right more often where related drawings are in several folds"
)
"""What the gain of known groups is estimated from."""


@dataclass(frozen=True)
class ClaimStep:
    """A line between the out-of-fold figure and the claim.

    Attributes:
        name: of the step.
        change: difference to the line above, 0 … 1; None for the first and the last line.
        value: accuracy after it, 0 … 1.
        interval: of that; None between the first and the last line.
        text: what it is estimated from.
    """

    name: str
    change: float | None
    value: float
    interval: Estimate | None
    text: str


@dataclass(frozen=True)
class LabelFreePart:
    """A line of the estimate without labels.

    Attributes:
        name: of the line.
        value: accuracy, or a change of it, 0 … 1.
        text: what it is.
        paper: its number on arXiv; empty where there is none.
        is_change: whether the value is added to that of the line above.
        interval: of the result; else None.
    """

    name: str
    value: float
    text: str
    paper: str = ""
    is_change: bool = False
    interval: Estimate | None = None


def claimed_section(run: Run) -> PageSection | None:
    """Render the section; None for a run without a claim."""
    claim, relations = run.claim, run.relations
    if claim is None:
        return None
    return page_section(
        "claimed",
        "Claim",
        claim=claim,
        contradiction=contradiction(claim),
        steps=claim_steps(claim),
        parts=label_free_parts(claim.label_free) if claim.label_free else [],
        relations=relations,
        separated=relations.separated if relations and relations.setting != "auto" else (),
    )


def claim_steps(claim: ClaimRecord) -> tuple[ClaimStep, ...]:
    """Return the lines from the out-of-fold figure to the claim; the changes sum to their difference."""
    start, end = claim.out_of_fold, claim.expected
    groups = (
        f"of its class, a network had learnt {claim.groups_validated:.2f} groups of related drawings for a held-out "
        f"drawing, and {claim.groups_tested:.2f} for a test drawing"
    )
    averaged = AVERAGED if claim.test_rows else "not measured: there are no test drawings"
    weighted, new = start.value + claim.frequencies, claim.single - claim.known
    frequencies = ClaimStep("class frequencies", claim.frequencies, weighted, None, FREQUENCIES)
    known = ClaimStep("test drawings of known groups", claim.known, claim.single, None, KNOWN)
    return (
        ClaimStep("out of fold", None, start.value, start, "single networks, each on the drawings of its fold"),
        *([frequencies] if claim.frequencies else []),
        ClaimStep("training drawings per class", claim.by_groups, new, None, groups),
        *([known] if claim.known else []),
        ClaimStep("averaging networks", claim.averaging, claim.single + claim.averaging, None, averaged),
        ClaimStep(
            "claim",
            None,
            end.value,
            end,
            f"for {claim_subject(claim)}; the interval includes the uncertainty of these changes",
        ),
    )


def label_free_parts(found: LabelFreeFigures) -> tuple[LabelFreePart, ...]:
    """Return the lines of the estimate without labels, its result last."""
    averaged = found.accuracy.value - found.single
    return (
        LabelFreePart(
            "by confidence",
            found.thresholded,
            "share of predictions whose confidence is above a threshold (ATC)",
            "2201.04234",
        ),
        LabelFreePart(
            "by entropy", found.by_entropy, "the same with the entropy of the prediction (ATC)", "2201.04234"
        ),
        LabelFreePart("by mean confidence", found.confidence, "for comparison only", "2107.03315"),
        LabelFreePart("one network", found.single, f"from confidence and entropy, {_corrected_by(found)}"),
        LabelFreePart("averaging networks", averaged, "as above, from this figure of one network", is_change=True),
        LabelFreePart("result", found.accuracy.value, "the predictions of this run", interval=found.accuracy),
    )


def _corrected_by(found: LabelFreeFigures) -> str:
    if found.simulated == 0:
        return "with the usual correction, as no shifts were simulated"
    few = f"; time was enough for {counted(found.simulated, 'row')}" if found.limited and found.simulated else ""
    return f"corrected by simulated shifts{few}"


def claim_subject(claim: ClaimRecord) -> str:
    """Return in words which drawings a claim is for."""
    return f"the {counted(claim.test_rows, 'test drawing')}" if claim.test_rows else "new drawings"


def contradiction(claim: ClaimRecord | None) -> str | None:
    """Return in words that test rows and claim disagree; None where they do not."""
    if claim is None or not claim.alarm or claim.label_free is None:
        return None
    return (
        f"The claim is {percent(claim.expected)}; the estimate from the predictions for {claim_subject(claim)}, "
        f"without labels, is {percent(claim.label_free.accuracy)}."
    )
