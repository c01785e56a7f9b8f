from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from sketchfit.reporting.run.label_issues import COLUMNS, disagreeing_copies, doubtful_labels, review_csv


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


def test_review_file_names_the_drawing_and_leaves_the_decision_open() -> None:
    prob, label, _ = _planted(300)
    issues = doubtful_labels(prob, label)
    text = review_csv(issues, [f"a,{k}.png" for k in range(300)], label, [f"c{k}" for k in range(10)])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["image_path"] == f"a,{issues[0].place}.png"
    assert rows[0]["label"] == f"c{label[issues[0].place]}"
    assert all(row["decision"] == "" for row in rows)
