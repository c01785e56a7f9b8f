"""The section states what is expected of the list, or in one sentence why there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from sketchfit.inference.label_alarm import LabelAlarm
from sketchfit.reporting.evidence import Evidence, read_evidence
from sketchfit.reporting.run.label_issues import LabelIssue, LabelReview
from sketchfit.reporting.run.labels_section import labels_section

NONE = np.empty(0, dtype=np.int64)
DOUBTED = np.array([0.6, 0.7, 0.1])


@pytest.fixture
def evidence(make_run: Callable[..., Path]) -> Evidence:
    return read_evidence(make_run())


def _html(evidence: Evidence, alarm: LabelAlarm, issues: Sequence[LabelIssue] = ()) -> str:
    pictures = dict.fromkeys(range(len(evidence.rows)), np.full((8, 8, 1), 255, np.uint8))
    return str(labels_section(evidence, LabelReview(alarm, issues), pictures).html)


def test_drawings_can_be_selected_and_have_descriptions(evidence: Evidence) -> None:
    alarm = LabelAlarm(np.array([3]), np.full(len(evidence.rows), 0.9), 0.05, 0.02, 0.8125, 0.6)
    html = _html(evidence, alarm, [LabelIssue(3, 1, 0.01, 0.93, 0.9, "network")])
    assert f'data-drawing="{evidence.paths[3]}"' in html
    assert 'data-suggested="class &lt;1&gt;"' in html
    assert "81.2 %" in html
    assert "93.0 %" in html
    assert 'alt="Drawing with the label class &lt;' in html


@pytest.mark.parametrize(
    "alarm",
    [
        LabelAlarm(NONE, np.zeros(3)),
        LabelAlarm(NONE, np.zeros(3), examined=False),
        LabelAlarm(NONE, np.zeros(3), 0.031),
        LabelAlarm(NONE, np.zeros(3), 0.031, 0.01),
        LabelAlarm(NONE, DOUBTED, 0.031, 0.01, 0.4, 0.1),
    ],
)
def test_without_a_list_there_is_one_paragraph(evidence: Evidence, alarm: LabelAlarm) -> None:
    html = _html(evidence, alarm)
    assert html.count("<p>") == 1
    assert "<table" not in html
    assert ("3.1 %" in html) == (alarm.lowest > 0)


def test_a_silent_alarm_has_one_of_two_reasons(evidence: Evidence) -> None:
    """Two labels of which most are wrong are few; forty of which most are right are uncertain."""
    for probability, precision in ((np.full(2, 0.9), 0.9), (np.full(40, 0.6), 0.45)):
        html = _html(evidence, LabelAlarm(NONE, probability, 0.031, 0.01, precision, 0.1))
        assert "short or uncertain" in html


def test_copies_are_listed_without_an_alarm(evidence: Evidence) -> None:
    issues = [LabelIssue(place, 1, 0.2, 0.5, 0.6, "copies") for place in range(105)]
    html = _html(evidence, LabelAlarm(NONE, np.zeros(3)), issues * 2)
    assert html.count("<tr>") == 201
    assert "10 more" in html
