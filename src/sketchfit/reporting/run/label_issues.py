"""Section "Labels": doubtful labels by confident learning on out-of-fold probabilities, and copies that disagree.

"Confident Learning: Estimating Uncertainty in Dataset Labels" (Northcutt et al., 1911.00068), by cleanlab. Classes that
the network confuses give false alarms too, so each label needs a review by a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from cleanlab import filter as confident_learning  # type: ignore[import-untyped]
from cleanlab.rank import get_label_quality_scores  # type: ignore[import-untyped]
from numpy.typing import NDArray

from sketchfit.data.own_tables import LABEL_ISSUES
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.thumbnails import Pixels, data_uri, webp
from sketchfit.reporting.run.page_section import PageSection, page_section
from sketchfit.visible import people_csv

TRUSTED = 0.6
"""Accuracy below which most labels that a network doubts are correct."""

SHOWN = 200
"""Labels on the page; the review file holds all."""


@dataclass(frozen=True)
class LabelIssue:
    """A doubtful label: `place` in the rows, index of the suggested class, and `reason` (`network` or `copies`)."""

    place: int
    suggested: int
    p_label: float
    p_suggested: float
    reason: str


def find_label_issues(evidence: Evidence) -> list[LabelIssue]:
    """Find all doubtful labels: copies that disagree, then those that the networks doubt."""
    issues = disagreeing_copies(evidence.prob, evidence.label, evidence.group)
    known = {one.place for one in issues}
    return issues + [one for one in doubtful_labels(evidence.prob, evidence.label) if one.place not in known]


def labels_section(evidence: Evidence, issues: Sequence[LabelIssue], pictures: Sequence[Pixels]) -> PageSection:
    """Render the doubtful labels with their drawings.

    Args:
        evidence: the run.
        issues: doubtful labels; the first `SHOWN` are on the page.
        pictures: n thumbnails of one size.
    """
    accuracy = float(evidence.correct.mean())
    return page_section(
        "labels",
        "Labels",
        issues=[_shown(evidence, one, pictures[one.place]) for one in issues[:SHOWN]],
        side=pictures[0].shape[0] if len(pictures) else 0,
        by_network=sum(one.reason == "network" for one in issues),
        by_copies=sum(one.reason == "copies" for one in issues),
        low_accuracy=accuracy if accuracy < TRUSTED else None,
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


def doubtful_labels(prob: NDArray[np.float32], label: NDArray[np.int64]) -> list[LabelIssue]:
    """Find the labels that confident learning doubts, most doubtful first.

    Args:
        prob: float [N, C], out of fold, rows sum to 1.
        label: int64 [N].
    """
    if len(label) == 0 or len(np.unique(label)) < 2:
        return []
    doubted = confident_learning.find_label_issues(label, prob, filter_by="both", n_jobs=1)
    quality = get_label_quality_scores(label, prob, method="normalized_margin")
    places = np.flatnonzero(doubted)
    return [_issue(prob, label, int(place), "network") for place in places[np.argsort(quality[places], kind="stable")]]


def disagreeing_copies(
    prob: NDArray[np.float32], label: NDArray[np.int64], group: NDArray[np.int64]
) -> list[LabelIssue]:
    """Find families of near-duplicates whose labels differ, and list each of their drawings.

    The family's most frequent other label is suggested; of equally frequent ones, the more probable one.

    Args:
        prob: float [N, C].
        label: int64 [N].
        group: int64 [N], family of near-duplicates per row.
    """
    found = []
    order = np.argsort(group, kind="stable")
    for places in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if len(np.unique(label[places])) < 2:
            continue
        votes = np.bincount(label[places], minlength=prob.shape[1]) + prob[places].mean(axis=0)
        for place in places:
            others = votes.copy()
            others[label[place]] = -1
            found.append(_issue(prob, label, int(place), "copies", int(others.argmax())))
    return found


def review_csv(evidence: Evidence, issues: Sequence[LabelIssue]) -> str:
    """Write the review file: columns `LABEL_ISSUES`, one line per issue."""
    names = evidence.class_names
    rows = [
        (
            evidence.paths[one.place],
            names[evidence.label[one.place]],
            names[one.suggested],
            f"{one.p_label:.4f}",
            f"{one.p_suggested:.4f}",
            one.reason,
            "",
        )
        for one in issues
    ]
    return people_csv(LABEL_ISSUES, rows)


def _issue(
    prob: NDArray[np.float32], label: NDArray[np.int64], place: int, reason: str, suggested: int | None = None
) -> LabelIssue:
    own = int(label[place])
    if suggested is None:
        others = prob[place].copy()
        others[own] = -1
        suggested = int(others.argmax())
    return LabelIssue(place, suggested, float(prob[place, own]), float(prob[place, suggested]), reason)
