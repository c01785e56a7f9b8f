"""The bar in which the labels of a run's drawings are reviewed."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.review import ReviewedRows, review_bar, review_of_run
from sketchfit.reporting.run.label_issues import LabelIssue


def reviewed_drawings(evidence: Evidence, issues: Sequence[LabelIssue]) -> Markup:
    """Render the bar for all training rows; the class of a doubtful label is suggested for its drawing."""
    run = evidence.run
    suggested = {evidence.paths[one.place]: one.suggested for one in issues}
    rows = ReviewedRows(run.rows.paths, run.rows.label, run.table.class_names, run.table.class_labels, suggested)
    return review_bar(review_of_run(run), rows)
