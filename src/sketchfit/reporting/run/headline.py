"""Section "Figures": the headline figures, the steps of inference, confidence and calibration."""

from __future__ import annotations

import numpy as np

from sketchfit.inference.diversity import diversity
from sketchfit.reporting.comparing.paired import MANY
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.charts import histogram, reliability_chart
from sketchfit.reporting.run.calibration_diagrams import calibration_diagrams
from sketchfit.reporting.run.choices import choice_lines
from sketchfit.reporting.run.page_section import PageSection, page_section
from sketchfit.reporting.run.statistics import Statistics


def headline_section(evidence: Evidence, statistics: Statistics, submission: str = "") -> PageSection:
    """Render the figures.

    Args:
        evidence: the run.
        statistics: of it.
        submission: address of the answers to the test rows, for a link; empty: there is no link.
    """
    confidences = {"out of fold": evidence.confidence}
    if evidence.test is not None and len(evidence.test):
        confidences["test set"] = evidence.test.max(axis=1)
    diagrams, calibration = calibration_diagrams(
        evidence.run.calibration, evidence.prob, evidence.label, statistics.group
    )
    contributions = diversity(evidence.members, evidence.label, statistics.group) if len(evidence.members) > 1 else None
    return page_section(
        "headline",
        "Figures",
        total=statistics.total,
        top5=evidence.class_count > MANY,
        table=list(statistics.by_name.items()),
        claim=evidence.run.claim,
        submission=submission,
        families=None if statistics.group is None else len(np.unique(statistics.group)),
        contributions=list(zip(contributions.names, contributions.worth, strict=True)) if contributions else [],
        steps=evidence.run.steps,
        confidence_chart=histogram(confidences, "distribution of confidence", "confidence"),
        has_test=len(confidences) > 1,
        reliability_chart=reliability_chart(diagrams, "reliability diagram"),
        calibration=calibration,
        choices=choice_lines(evidence.run.choices, evidence.run.views),
    )
