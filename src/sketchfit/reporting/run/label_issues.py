"""Labels to review: those that are probably wrong, and those of near-duplicates that disagree."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np

from sketchfit.data.own_tables import LABEL_ISSUES
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.label_alarm import FEWEST, LabelAlarm, raise_alarm
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.run.disagreeing_copies import DisagreeingCopy, disagreeing_copies
from sketchfit.reporting.run.lacking_rows import lacking_rows
from sketchfit.visible import people_csv

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LabelIssue:
    """A label to review.

    Attributes:
        place: in the rows.
        suggested: index of the suggested class.
        p_label: probability of the label, by the networks.
        p_suggested: that of the suggested class.
        p_wrong: probability that the label is wrong.
        reason: `network` or `copies`.
    """

    place: int
    suggested: int
    p_label: float
    p_suggested: float
    p_wrong: float
    reason: str


@dataclass(frozen=True)
class LabelReview:
    """What the networks found, and all labels to review, the most probably wrong one first."""

    alarm: LabelAlarm
    issues: Sequence[LabelIssue]


def review_labels(evidence: Evidence) -> LabelReview:
    """Find all labels to review. A near-duplicate that disagrees is listed once, with that reason."""
    prob, label = evidence.prob, evidence.label
    alarm = _alarm(evidence)
    copies = disagreeing_copies(prob, label, evidence.unturned_copies)
    known = {one.place for one in copies}
    places = [int(place) for place in alarm.places if int(place) not in known]
    issues = [_by_copies(prob, label, one) for one in copies]
    issues += [_by_networks(prob, label, place, float(alarm.probability[place])) for place in places]
    return LabelReview(alarm, sorted(issues, key=attrgetter("p_wrong"), reverse=True))


def _alarm(evidence: Evidence) -> LabelAlarm:
    """Raise the alarm on the rows whose class the networks have learnt: they cannot predict another one."""
    learnt = np.flatnonzero(~np.isin(evidence.rows, lacking_rows(evidence.run.rows, evidence.rows)))
    known = (evidence.label, evidence.copies, evidence.fold, evidence.group)
    label, copies, fold, group = (part[learnt] for part in known)
    prob = evidence.prob if len(learnt) == len(evidence.prob) else evidence.prob[learnt]
    alarm = raise_alarm(prob, label, copies, fold, group)
    if not alarm.examined:
        log.info(f"note: labels are not examined: that needs two classes and {FEWEST} drawings that are no copies")
    probability = np.zeros(len(evidence.label))
    probability[learnt] = alarm.probability
    return replace(alarm, places=learnt[alarm.places], probability=probability)


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


def _by_networks(prob: Floats, label: Ints, place: int, wrong: float) -> LabelIssue:
    others = prob[place].copy()
    others[label[place]] = -1
    suggested = int(others.argmax())
    return LabelIssue(
        place, suggested, float(prob[place, label[place]]), float(prob[place, suggested]), wrong, "network"
    )


def _by_copies(prob: Floats, label: Ints, copy: DisagreeingCopy) -> LabelIssue:
    own, other = prob[copy.place, label[copy.place]], prob[copy.place, copy.suggested]
    return LabelIssue(copy.place, copy.suggested, float(own), float(other), copy.wrong, "copies")
