"""Heads by logistic regression: classes without rows, two classes, and one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from sketchfit.bank.logistic import LogisticRows
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
