"""Heads of class means: values worked out by hand, and explicit sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.bank import nearest_mean as module
from sketchfit.bank.nearest_mean import ClassSums, NearestMeanFold
from tests.contracts.closed_form import CLASSES, ROWS, separable

FEATURES = np.array([[1, 0], [3, 0], [0, 2], [-4, -2]], dtype=np.float32)
LABEL = np.array([0, 0, 1, 1])
NONE = np.zeros(0, dtype=np.int64)


def test_the_head_is_that_of_the_nearest_mean() -> None:
    head = NearestMeanFold(ClassSums.of(FEATURES, LABEL, 2, 0.0), NONE).head
    assert head.weight.T.tolist() == [[2, 0], [-2, 0]]
    assert head.bias.tolist() == [-2, -2]
    shrunken = NearestMeanFold(ClassSums.of(FEATURES, LABEL, 2, 2.0), NONE).head
    assert shrunken.weight.T.tolist() == [[1, 0], [-1, 0]]
    assert shrunken.bias.tolist() == [-0.5, -0.5]


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_a_class_without_rows_has_half_the_mean_squared_length(strength: float) -> None:
    head = NearestMeanFold(ClassSums.of(FEATURES, LABEL, 3, strength), np.array([2, 3])).head
    assert head.weight[:, 1:].tolist() == [[0, 0], [0, 0]]
    assert head.bias[1:] == pytest.approx([-34 / 8] * 2)  # squared lengths 1, 9, 4 and 20


@settings(max_examples=20)
@given(st.integers(0, 40), st.booleans(), st.integers(0, 1000))
def test_left_out_rows_have_the_scores_of_heads_without_their_groups(size: int, grouped: bool, seed: int) -> None:
    (features, label), rng = separable(), np.random.default_rng(seed)
    removed, group = rng.permutation(ROWS)[:size], rng.integers(0, 25, ROWS) if grouped else np.arange(ROWS)
    sums = ClassSums.of(features, label, CLASSES, 0.5)
    rows, scores = NearestMeanFold(sums, removed).left_out(group if grouped else None)
    assert np.array_equal(rows, np.setdiff1d(np.arange(ROWS), removed))
    for number in np.unique(group[rows]):
        own = rows[group[rows] == number]
        expected = NearestMeanFold(sums, np.union1d(removed, own)).head.scores(features[own])
        assert scores[group[rows] == number] == pytest.approx(expected, abs=1e-4)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    features, label = separable()
    expected = NearestMeanFold(ClassSums.of(features, label, CLASSES, 0.5), np.arange(20)).left_out()[1]
    monkeypatch.setattr(module, "CHUNK", 7)
    found = NearestMeanFold(ClassSums.of(features, label, CLASSES, 0.5), np.arange(20)).left_out()[1]
    assert found == pytest.approx(expected, abs=1e-5)
