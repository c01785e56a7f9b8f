"""Section "Labels": labels to review with their drawings, and how many of them are expected to be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sketchfit.inference.label_alarm import FEWEST
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.thumbnails import Pixels, data_uri, webp
from sketchfit.reporting.run.label_issues import LabelIssue, LabelReview
from sketchfit.reporting.run.page_section import PageSection, page_section

SHOWN = 200
"""Labels on the page; the review file holds all."""


def labels_section(evidence: Evidence, review: LabelReview, pictures: Mapping[int, Pixels]) -> PageSection:
    """Render the labels to review with their drawings.

    Args:
        evidence: the run.
        review: the first `SHOWN` issues are on the page.
        pictures: thumbnails of one size, by the place of their row; those of these issues are among them.
    """
    issues = review.issues
    return page_section(
        "labels",
        "Labels",
        alarm=review.alarm,
        fewest=FEWEST,
        issues=[_shown(evidence, one, pictures[one.place]) for one in issues[:SHOWN]],
        side=next((one.shape[0] for one in pictures.values()), 0),
        by_network=sum(one.reason == "network" for one in issues),
        by_copies=sum(one.reason == "copies" for one in issues),
        more=max(0, len(issues) - SHOWN),
    )


def _shown(evidence: Evidence, issue: LabelIssue, picture: Pixels) -> dict[str, Any]:
    names = evidence.class_names
    return {
        "issue": issue,
        "picture": data_uri(webp(picture, 45)),
        "path": evidence.paths[issue.place],
        "label": names[evidence.label[issue.place]],
        "suggested": names[issue.suggested],
        "reason": {"network": "networks", "copies": "near-duplicates"}[issue.reason],
    }
