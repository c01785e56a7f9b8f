"""Section "What is claimed": the claim and its parts, the estimate without labels, and the related rows."""

from __future__ import annotations

from dataclasses import dataclass

from sketchfit.reporting.run.page_section import PageSection, page_section
from sketchfit.runs.artefacts import ClaimRecord, LabelFreeFigures
from sketchfit.runs.artefacts.claims import percent
from sketchfit.runs.estimates import Estimate
from sketchfit.runs.run import Run


@dataclass(frozen=True)
class ClaimStep:
    """A line between the out-of-fold figure and the claim.

    Attributes:
        name: of the step.
        change: difference to the line above, 0 … 1; None for the first and the last line.
        value: accuracy after it, 0 … 1.
        interval: of that; None between the first and the last line.
        text: what it is measured by.
    """

    name: str
    change: float | None
    value: float
    interval: Estimate | None
    text: str


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
        f"a network had {claim.groups_validated:.1f} groups per class for a validation row and has "
        f"{claim.groups_tested:.1f} for a test row (geometric means)"
    )
    averaged = (
        "the answer averages the networks; measured by their disagreement on the test drawings"
        if claim.test_rows
        else "not measured: there are no test drawings"
    )
    return (
        ClaimStep("out of fold", None, start.value, start, "single networks, each on the rows of its fold"),
        ClaimStep("groups that folds take away", claim.single - start.value, claim.single, None, groups),
        ClaimStep("averaging networks", claim.averaging, claim.single + claim.averaging, None, averaged),
        ClaimStep("claim", None, end.value, end, f"for {claim.rows}; the interval includes the corrections"),
    )


def label_free_parts(found: LabelFreeFigures) -> list[tuple[str, float | None, str]]:
    """Return name, value (0 … 1) and explanation of each part of the estimate without labels."""
    return [
        ("thresholded confidence", found.thresholded, "single networks; ATC with confidence, 2201.04234"),
        ("thresholded entropy", found.by_entropy, "single networks; ATC with entropy, 2201.04234"),
        ("difference of confidences", found.confidence, "single networks; 2107.03315"),
        ("combined", found.single, "single networks; the parts, corrected by simulated shifts"),
        ("agreement", found.agreement, "share of the test drawings on which two networks agree; 2106.13799"),
    ]


def contradiction(claim: ClaimRecord | None) -> str | None:
    """Return in words that test rows and claim disagree; None where they do not."""
    if claim is None or not claim.alarm or claim.label_free is None:
        return None
    return (
        f"The claim is {percent(claim.expected)}; without labels, {claim.rows} look like "
        f"{percent(claim.label_free.accuracy)}."
    )
