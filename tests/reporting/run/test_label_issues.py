from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sketchfit.data.own_tables import LABEL_ISSUES
from sketchfit.reporting.evidence import read_evidence
from sketchfit.reporting.run.label_issues import (
    LabelIssue,
    disagreeing_copies,
    doubtful_labels,
    review_csv,
)


def _planted(rows: int = 2000, classes: int = 10, share: float = 0.05) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities of a network that is right in about 85 % of the cases, and labels of which 5 % are wrong."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, classes, rows)
    logits = rng.normal(size=(rows, classes)) * 1.2 + 3.6 * np.eye(classes)[truth]
    prob = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    wrong = rng.random(rows) < share
    label = np.where(wrong, (truth + rng.integers(1, classes, rows)) % classes, truth)
    return prob.astype(np.float32), label, wrong


def test_planted_label_errors_are_found(record_property: pytest.RecordProperty) -> None:
    prob, label, wrong = _planted()
    found = np.zeros(len(label), dtype=bool)
    issues = doubtful_labels(prob, label)
    found[[one.place for one in issues]] = True
    precision, recall = (found & wrong).sum() / found.sum(), (found & wrong).sum() / wrong.sum()
    record_property("precision", round(float(precision), 3))
    record_property("recall", round(float(recall), 3))
    print(f"planted label errors: precision {precision:.2f}, recall {recall:.2f}, n = {wrong.sum()}")
    assert recall > 0.7
    assert precision > 0.6
    assert wrong[[one.place for one in issues[:50]]].mean() > 0.9  # the most doubtful come first


def test_right_labels_of_a_sure_network_are_not_doubted() -> None:
    label = np.arange(200) % 4
    prob = np.where(np.eye(4)[label] == 1, 0.97, 0.01).astype(np.float32)
    assert doubtful_labels(prob, label) == []


def test_copies_with_another_label_are_named() -> None:
    label = np.array([0, 0, 1, 2, 2])
    group = np.array([7, 7, 7, 3, 4])
    prob = np.full((5, 3), 1 / 3, dtype=np.float32)
    issues = disagreeing_copies(prob, label, group)
    assert sorted((one.place, one.suggested) for one in issues) == [(0, 1), (1, 1), (2, 0)]


def test_review_file_names_the_drawing_and_has_no_decision(make_run: Callable[..., Path]) -> None:
    evidence = read_evidence(make_run())
    issues = [LabelIssue(5, 2, 0.1, 0.8, "network"), LabelIssue(90, 1, 0.25, 0.5, "copies")]
    rows = list(csv.DictReader(io.StringIO(review_csv(evidence, issues))))
    assert tuple(rows[0]) == LABEL_ISSUES
    assert [row["image_path"] for row in rows] == [evidence.paths[one.place] for one in issues]
    assert [row["label"] for row in rows] == [evidence.class_names[evidence.label[one.place]] for one in issues]
    assert [row["suggested"] for row in rows] == ["class <2>", "class <1>"]
    assert [row["p_label"] for row in rows] == ["0.1000", "0.2500"]
    assert {row["decision"] for row in rows} == {""}
