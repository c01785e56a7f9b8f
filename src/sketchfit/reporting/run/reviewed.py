"""The bar in which the labels of a run's drawings are reviewed."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.review import ReviewedRows, review_bar, review_of_run
from sketchfit.reporting.run.label_issues import LabelIssue


def reviewed_drawings(evidence: Evidence, issues: Sequence[LabelIssue], shown: Container[int]) -> Markup:
    """Render the bar for all training rows; the class of a doubtful label is suggested for its drawing.

    Args:
        evidence: the run.
        issues: of all rows.
        shown: places of the drawings on the page; for others nothing is suggested.
    """
    run = evidence.run
    suggested = suggested_classes(evidence.paths, evidence.unturned_copies, issues, shown)
    rows = ReviewedRows(run.rows.paths, run.rows.label, run.table.class_names, run.table.class_labels, suggested)
    return review_bar(review_of_run(run), rows)


def suggested_classes(
    paths: Sequence[str],
    copies: NDArray[np.int64],
    issues: Sequence[LabelIssue],
    shown: Container[int] | None = None,
) -> dict[str, int | None]:
    """Return the class that is suggested for each drawing with a doubtful label, None where its own class is.

    Of near-duplicates with different labels, those with the most probable label keep it, and their class is suggested
    for the others: copies whose suggestions are all accepted have one label, and do not exchange theirs.

    Args:
        paths: of the n rows.
        copies: int64 [n], family of near-duplicates per row.
        issues: their `place` is one of these rows.
        shown: places of the rows that are returned; None: all.
    """
    least: dict[int, float] = {}
    for one in issues:
        if one.reason == "copies":
            family = int(copies[one.place])
            least[family] = min(one.p_wrong, least.get(family, 1.0))
    return {
        paths[one.place]: None
        if one.reason == "copies" and one.p_wrong == least[int(copies[one.place])]
        else one.suggested
        for one in issues
        if shown is None or one.place in shown
    }
