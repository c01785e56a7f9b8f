"""Tests of `claims.learning_curve`."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.claims.learning_curve import USUAL, RepeatedFolds, measure_slope, slope_within_rows

CLASSES, GROUPS, ROWS = 60, 5, 4
LABEL = np.repeat(np.arange(CLASSES), GROUPS * ROWS)
GROUP = np.repeat(np.arange(CLASSES * GROUPS), ROWS)


def head_with_slope(slope: float, level: float = -0.5):  # type: ignore[no-untyped-def]
    """Answer with log-odds `level` + `slope` · log(groups left of the class): rows of known accuracy."""
    rng = np.random.default_rng(3)

    def right_without(held: np.ndarray) -> np.ndarray:
        used = np.setdiff1d(np.arange(len(LABEL)), held)
        left = np.array([len(np.unique(GROUP[used][LABEL[used] == c])) for c in range(CLASSES)])
        odds = level + slope * np.log(np.maximum(left[LABEL[held]], 1))
        return np.asarray(rng.random(len(held)) < 1 / (1 + np.exp(-odds)))

    return right_without


@pytest.mark.parametrize("slope", [0.5, 1.5, 3.0])
def test_finds_the_slope_of_heads_whose_accuracy_is_known(slope: float) -> None:
    found = measure_slope(LABEL, GROUP, head_with_slope(slope), RepeatedFolds(2, repeats=12))
    assert abs(found.value - slope) < 2 * found.error + 0.1
    assert found.error < USUAL[1]


def test_the_difficulty_of_rows_does_not_matter() -> None:
    # Rows of large classes are always right, rows of small ones never: nothing changes within a row.
    groups = np.array([[4, 4, 1, 1], [3, 4, 1, 2]], dtype=np.float64)
    right = np.array([[1, 1, 0, 0], [1, 1, 0, 0]], dtype=np.float64)
    found = slope_within_rows(groups, right, np.arange(4))
    assert found.value == pytest.approx(0, abs=1e-4)


def test_the_slope_of_one_row_by_hand() -> None:
    # log 2 apart, once right and once wrong: 1 / log 2 per unit, divided by 0.25; then the usual slope.
    found = slope_within_rows(np.array([[2.0], [1.0]]), np.array([[1.0], [0.0]]), np.zeros(1, np.int64))
    own = 4 / np.log(2)
    weight, prior = 1 / ((0.25 * own) ** 2 + 1e-6), 1 / USUAL[1] ** 2
    assert found.value == pytest.approx((weight * own + prior * USUAL[0]) / (weight + prior))


def test_rows_of_which_no_group_was_left_are_not_used() -> None:
    groups, right = np.array([[0.0, 2.0], [2.0, 2.0]]), np.array([[0.0, 1.0], [1.0, 0.0]])
    found = slope_within_rows(groups, right, np.arange(2))
    assert (found.value, found.error) == USUAL


def test_the_same_groups_in_all_repeats_give_the_usual_slope() -> None:
    label = np.repeat(np.arange(5), 4)
    found = measure_slope(label, np.arange(20), lambda held: np.ones(len(held), bool), RepeatedFolds(2))
    assert (found.value, found.error) == USUAL


def test_the_same_seed_gives_the_same_slope() -> None:
    plan = RepeatedFolds(2, seed=4, repeats=4)
    first, second = (measure_slope(LABEL, GROUP, head_with_slope(1.0), plan) for _ in range(2))
    assert first == second
