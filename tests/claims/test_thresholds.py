"""Accuracy without labels by thresholds of confidence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.claims.thresholds import (
    Threshold,
    log_odds,
    negative_entropy,
)


def thresholded_accuracy(score: np.ndarray, right: np.ndarray, test_score: np.ndarray) -> float:
    return float(Threshold.fit(score, right).passed(test_score).mean())


def test_log_odds_of_the_most_probable_class() -> None:
    prob = np.array([[0.8, 0.1, 0.1], [0.25, 0.25, 0.5]])
    assert log_odds(prob) == pytest.approx([np.log(4), 0.0])


def test_log_odds_order_rows_whose_confidence_rounds_to_one() -> None:
    prob = np.array([[1.0, 1e-9], [1.0, 1e-11]])
    assert np.diff(log_odds(prob))[0] > 4


def test_negative_entropy_is_zero_where_certain_and_minus_log_of_the_classes_where_undecided() -> None:
    assert negative_entropy(np.array([[1.0, 0.0], [0.5, 0.5]])) == pytest.approx([0.0, -np.log(2)])


def test_the_threshold_leaves_out_as_many_rows_as_are_wrong() -> None:
    score = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    right = np.array([True, False, False, True, True])  # two of five wrong: the threshold is between 0.2 and 0.3
    assert thresholded_accuracy(score, right, np.array([0.15, 0.25, 0.35, 0.45])) == 0.75


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=40))
def test_the_same_rows_give_the_same_accuracy_also_with_equal_scores(rows: list[tuple[int, bool]]) -> None:
    score, right = np.array([float(s) for s, _ in rows]), np.array([r for _, r in rows])
    assert thresholded_accuracy(score, right, score) == pytest.approx(right.mean())


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-5, 5), st.booleans()), min_size=1, max_size=40), st.floats(0, 3))
def test_higher_scores_never_give_a_lower_accuracy(rows: list[tuple[float, bool]], more: float) -> None:
    score, right = np.array([s for s, _ in rows]), np.array([r for _, r in rows])
    assert thresholded_accuracy(score, right, score + more) >= thresholded_accuracy(score, right, score) - 1e-12


def test_a_monotone_scale_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    score, test = rng.normal(size=200), rng.normal(size=90)
    right = rng.random(200) < 0.6
    plain = thresholded_accuracy(score, right, test)
    assert thresholded_accuracy(np.exp(score), right, np.exp(test)) == plain


@pytest.mark.parametrize("always", [True, False])
def test_a_network_that_is_always_or_never_right_stays_so(always: bool) -> None:
    assert thresholded_accuracy(np.array([1.0, 2.0]), np.full(2, always), np.array([-9.0, 1.0, 9.0])) == (
        1.0 if always else pytest.approx(1 / 3)
    )


def test_rows_at_the_threshold_count_in_part() -> None:
    threshold = Threshold.fit(np.array([0.0, 0.0, 0.0, 0.0, 1.0]), np.array([True, False, False, True, True]))
    assert (threshold.score, threshold.counted) == pytest.approx((0.0, 0.5))
    assert threshold.passed(np.array([-1.0, 0.0, 0.5])) == pytest.approx([0.0, 0.5, 1.0])
