"""The answers at the top of a report, for any page of the run."""

from __future__ import annotations

from markupsafe import Markup

from sketchfit.reporting.kit.page import render
from sketchfit.runs.artefacts import RunSummary


def summary_html(summary: RunSummary, report: str = "") -> Markup:
    """Render the answers.

    Args:
        summary: of the report.
        report: address of the report, for links to its sections; empty within the report.
    """
    return render("report/summary", summary=summary, report=report)
