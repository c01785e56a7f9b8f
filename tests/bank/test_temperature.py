"""Probabilities of a head."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from sketchfit.bank.temperature import LEAST, MOST, fit_temperature, probabilities


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


@settings(max_examples=40)
@given(st.integers(2, 40), st.floats(0.003, 30), st.floats(0, 1), st.integers(0, 1000))
def test_the_temperature_is_that_of_a_general_minimiser(classes: int, size: float, right: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = (rng.normal(size=(300, classes)) * size).astype(np.float32)
    label = np.where(rng.random(300) < right, scores.argmax(axis=1), rng.integers(0, classes, 300))
    values = scores.astype(np.float64)

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(values / np.exp(log_temperature), axis=1)[np.arange(300), label].mean())

    bounds = (np.log(LEAST), np.log(MOST))
    reference = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    found = fit_temperature(scores, label)
    assert loss(np.log(found)) <= reference.fun + 1e-9
    if abs(reference.x - bounds[0]) > 0.1 and abs(reference.x - bounds[1]) > 0.1:
        assert np.log(found) == pytest.approx(reference.x, abs=1e-4)


def test_where_all_temperatures_are_equally_good_it_is_in_the_middle() -> None:
    scores, label = np.ones((4, 3), np.float32), np.array([0, 1, 2, 0])
    assert fit_temperature(scores, label) == pytest.approx(np.sqrt(LEAST * MOST))
    assert fit_temperature(scores, label, 0.1, 10) == pytest.approx(1)
