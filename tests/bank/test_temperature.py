"""Probabilities of a head."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax

from sketchfit.bank.temperature import LEAST, MOST, _log_sum_exp, fit_temperature, probabilities


def test_two_classes_by_hand() -> None:
    """Scores 1 and -1, right in 3 of 4 rows: the least log-loss gives the first class 3/4, so exp(2 / T) = 3."""
    scores = np.array([[1.0, -1.0]] * 4, np.float32)
    temperature = fit_temperature(scores, np.array([0, 0, 0, 1]))
    assert temperature == pytest.approx(2 / np.log(3), rel=1e-4)
    assert probabilities(scores, temperature)[0] == pytest.approx([0.75, 0.25], abs=1e-4)


@settings(max_examples=15)
@given(st.floats(0.02, 5), st.integers(0, 20))
def test_the_temperature_with_which_labels_were_sampled_is_found(true: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = (rng.normal(size=(4000, 5)) * true * 2).astype(np.float32)
    cumulative = softmax(scores / true, axis=1).cumsum(axis=1)
    label = (cumulative < rng.random((4000, 1))).sum(axis=1).clip(max=4)
    assert fit_temperature(scores, label) == pytest.approx(true, rel=0.12)


@pytest.mark.parametrize(("label", "least", "most"), [(0, LEAST, 0.1), (1, 99, MOST)])
def test_the_temperature_stays_within_its_bounds(label: int, least: float, most: float) -> None:
    """All rows are right, or all are wrong: the best temperature would be 0 or infinite."""
    scores = np.array([[1.0, -1.0]] * 3, np.float32)
    assert least <= fit_temperature(scores, np.full(3, label)) <= most


def test_probabilities_are_those_of_scores_of_any_size() -> None:
    prob = probabilities(np.array([[1.0, -1.0], [0.0, 0.0], [30.0, -30.0]], np.float32), 0.01)
    assert prob.dtype == np.float32
    assert prob.sum(axis=1) == pytest.approx(np.ones(3))
    assert prob.tolist() == [[1.0, 0.0], [0.5, 0.5], [1.0, 0.0]]


@pytest.mark.parametrize("values", [[[1.0, 2.0, 3.0], [0.0, -5.0, 0.0]], [[7.5]], [[-800.0, 800.0], [4.0, 4.0]]])
def test_the_loss_has_the_bits_of_scipy_with_and_without_equal_scores(values: list[list[float]]) -> None:
    rows = np.array(values)
    expected = logsumexp(rows, axis=1)
    assert _log_sum_exp(rows.copy()).tolist() == expected.tolist()


@settings(max_examples=25)
@given(st.integers(1, 40), st.integers(0, 1000), st.booleans())
def test_the_loss_has_the_bits_of_scipy_for_any_scores(classes: int, seed: int, rounded: bool) -> None:
    rows = np.random.default_rng(seed).normal(size=(20, classes)) * 3
    rows = rows.round() if rounded else rows
    assert _log_sum_exp(rows.copy()).tolist() == logsumexp(rows, axis=1).tolist()
