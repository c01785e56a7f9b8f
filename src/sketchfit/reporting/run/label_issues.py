"""Drawings whose label is doubtful: confident learning on out-of-fold probabilities, and copies that disagree.

"Confident Learning: Estimating Uncertainty in Dataset Labels" (Northcutt et al., 1911.00068), by cleanlab. A class
that the network can't tell from another gives false alarms too: what is found is to be looked at, not thrown out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cleanlab.filter import find_label_issues  # type: ignore[import-untyped]
from cleanlab.rank import get_label_quality_scores  # type: ignore[import-untyped]
from numpy.typing import NDArray

COLUMNS = ("image_path", "label", "suggested", "p_label", "p_suggested", "reason", "decision")
"""Of the review file. `decision` is empty, to be filled in: `exclude`, a class's name, or nothing to keep the label."""


@dataclass(frozen=True)
class LabelIssue:
    """A doubtful label: `place` in the rows, class index suggested, and why (`network` or `copies`)."""

    place: int
    suggested: int
    p_label: float
    p_suggested: float
    reason: str


def doubtful_labels(prob: NDArray[np.float32], label: NDArray[np.int64]) -> list[LabelIssue]:
    """Labels that confident learning doubts, most doubtful first.

    Args:
        prob: float [N, C], out of fold, rows sum to 1.
        label: int64 [N].
    """
    if len(label) == 0 or len(np.unique(label)) < 2:
        return []
    doubted = find_label_issues(label, prob, filter_by="both", n_jobs=1)
    quality = get_label_quality_scores(label, prob, method="normalized_margin")
    places = np.flatnonzero(doubted)
    return [_issue(prob, label, int(place), "network") for place in places[np.argsort(quality[places], kind="stable")]]


def disagreeing_copies(
    prob: NDArray[np.float32], label: NDArray[np.int64], group: NDArray[np.int64]
) -> list[LabelIssue]:
    """Near-duplicates whose labels differ: every drawing of such a family; the family's commonest other label is
    suggested, of equals the one the network finds likelier."""
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


def review_csv(
    issues: Sequence[LabelIssue], paths: Sequence[str], label: NDArray[np.int64], names: Sequence[str]
) -> str:
    """The review file: columns `COLUMNS`, a line an issue."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in issues:
        writer.writerow(
            [
                paths[one.place],
                names[label[one.place]],
                names[one.suggested],
                f"{one.p_label:.4f}",
                f"{one.p_suggested:.4f}",
                one.reason,
                "",
            ]
        )
    return text.getvalue()


def _issue(
    prob: NDArray[np.float32], label: NDArray[np.int64], place: int, reason: str, suggested: int | None = None
) -> LabelIssue:
    own = int(label[place])
    if suggested is None:
        others = prob[place].copy()
        others[own] = -1
        suggested = int(others.argmax())
    return LabelIssue(place, suggested, float(prob[place, own]), float(prob[place, suggested]), reason)
