"""Heads by logistic regression: classes without rows, two classes, and which rows are left out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from sketchfit.bank import logistic as module
from sketchfit.bank.logistic import LogisticFold, LogisticRows
from sketchfit.bank.row_space import RowSpace
from tests.contracts.closed_form import CLASSES, ROWS, separable


def rows(label: np.ndarray | None = None, classes: int = CLASSES) -> LogisticRows:
    features, usual = separable()
    return LogisticRows(RowSpace.of(features), usual if label is None else label, classes, 0.1)


def test_without_features_probabilities_are_the_class_frequencies() -> None:
    label = np.array([0, 0, 0, 1, 2, 2])
    fit = LogisticRows(RowSpace(np.zeros((6, 2), np.float32), None), label, 4, 0.1)
    found = softmax(fit.fit(np.arange(6)).scores(np.zeros((1, 2), np.float32)), axis=1)
    expected = np.array([[3, 1, 2, 0.5]]) / 6.5  # the fourth class has no row
    assert found == pytest.approx(expected, abs=1e-3)


def test_two_classes_are_separated() -> None:
    label = (separable()[1] > 1).astype(np.int64)
    fit = rows(label, 3)
    scores = fit.fit(np.arange(ROWS)).scores(fit.space.values)
    assert (scores.argmax(axis=1) == label).mean() > 0.8
    assert scores[:, 0] == pytest.approx(-scores[:, 1], abs=1e-5)


def test_a_single_class_is_always_predicted() -> None:
    head = rows(np.full(ROWS, 2)).fit(np.arange(ROWS))
    assert head.weight.tolist() == np.zeros((8, CLASSES)).tolist()
    assert head.bias.argmax() == 2


def test_complete_groups_are_left_out_until_there_are_enough_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    group, fold = np.arange(ROWS) // 3, LogisticFold(rows(), np.arange(12))
    every = fold.left_out(group)[0]
    assert np.array_equal(np.sort(every), np.arange(12, ROWS))
    monkeypatch.setattr(module, "FEW", 10)
    some, scores = fold.left_out(group)
    assert 10 <= len(some) == len(scores) < ROWS - 12
    assert np.array_equal(some, every[: len(some)])
    assert all((some // 3 == number).sum() == 3 for number in np.unique(some // 3))
