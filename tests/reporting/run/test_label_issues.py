from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from sketchfit.data.own_tables import LABEL_ISSUES
from sketchfit.inference.folding import estimation_folds
from sketchfit.inference.label_alarm import raise_alarm
from sketchfit.reporting.evidence import Evidence, read_evidence
from sketchfit.reporting.run.label_issues import LabelIssue, review_csv, review_labels
from tests.inference.label_data import planted


def _evidence(
    share: float, copies: bool = False, alone: int | None = None, drawers: int | None = None, rows: int = 1500
) -> tuple[Evidence, np.ndarray]:
    data = planted(rows, share=share)
    if alone is not None:  # all rows of this class are in one fold, so its networks have not learnt the class
        own = data.label == alone
        data.fold[own] = 0
        data.prob[data.fold == 0, alone] = 0
    family = data.group.copy()
    if copies:  # one family of two drawings with different labels
        family[family == 1] = 0
        data.label[:2] = [3, 4]
    group = family if drawers is None else np.arange(len(family)) % drawers
    table = SimpleNamespace(label=data.label, group=group, folds=data.fold[None])
    known = {"prob": data.prob, "label": data.label, "group": group, "copies": family, "fold": data.fold}
    known["unturned_copies"] = family
    run, places = SimpleNamespace(rows=table), np.arange(len(group))
    return cast(Evidence, SimpleNamespace(**known, run=run, rows=places)), data.wrong


def test_planted_errors_are_listed_with_the_class_that_the_networks_predict() -> None:
    evidence, wrong = _evidence(0.1)
    review = review_labels(evidence)
    places = [one.place for one in review.issues]
    assert wrong[places].mean() > 0.8
    assert {one.reason for one in review.issues} == {"network"}
    assert [one.suggested for one in review.issues] == evidence.prob[places].argmax(axis=1).tolist()
    assert [one.p_wrong for one in review.issues] == sorted((one.p_wrong for one in review.issues), reverse=True)


def test_no_label_is_listed_where_all_are_right() -> None:
    assert review_labels(_evidence(0)[0]).issues == []


def test_a_class_that_the_networks_have_not_learnt_is_not_listed() -> None:
    evidence, _ = _evidence(0.1, alone=3)
    issues = review_labels(evidence).issues
    assert issues
    assert not [one for one in issues if evidence.label[one.place] == 3]


def test_a_copy_that_disagrees_is_listed_once() -> None:
    issues = review_labels(_evidence(0.1, copies=True)[0]).issues
    assert sorted(one.place for one in issues if one.reason == "copies") == [0, 1]
    assert len({one.place for one in issues}) == len(issues)


def test_drawings_by_one_drawer_are_no_copies() -> None:
    evidence, wrong = _evidence(0.1, copies=True, drawers=13)
    issues = review_labels(evidence).issues
    assert sorted(one.place for one in issues if one.reason == "copies") == [0, 1]
    assert wrong[[one.place for one in issues if one.reason == "network"]].mean() > 0.8


@pytest.mark.parametrize("folds", [2, 5])
def test_the_alarm_keeps_the_groups_of_the_folds_together(folds: int) -> None:
    evidence, _ = _evidence(0.1, drawers=13)
    evidence.fold[:] = evidence.group % folds
    parts = estimation_folds(evidence.fold, evidence.group)
    expected = raise_alarm(evidence.prob, evidence.label, evidence.copies, parts)
    np.testing.assert_array_equal(review_labels(evidence).alarm.probability, expected.probability)


def test_a_note_states_that_labels_of_few_drawings_are_not_examined(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert review_labels(_evidence(0.1)[0]).alarm.examined
    assert "not examined" not in caplog.text
    assert not review_labels(_evidence(0.1, rows=29)[0]).alarm.examined
    assert "note: labels are not examined" in caplog.text


def test_review_file_names_the_drawing_and_has_no_decision(make_run: Callable[..., Path]) -> None:
    evidence = read_evidence(make_run())
    issues = [LabelIssue(5, 2, 0.1, 0.8, 0.9, "network"), LabelIssue(90, 1, 0.25, 0.5, 0.6, "copies")]
    rows = list(csv.DictReader(io.StringIO(review_csv(evidence, issues))))
    assert tuple(rows[0]) == LABEL_ISSUES
    assert [row["image_path"] for row in rows] == [evidence.paths[one.place] for one in issues]
    assert [row["label"] for row in rows] == [evidence.class_names[evidence.label[one.place]] for one in issues]
    assert [row["suggested"] for row in rows] == ["class <2>", "class <1>"]
    assert [row["p_label"] for row in rows] == ["0.1000", "0.2500"]
    assert {row["decision"] for row in rows} == {""}
