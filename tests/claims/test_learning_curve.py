"""Tests of `claims.learning_curve`."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.claims.learning_curve import USUAL, measure_slope

CLASSES, GROUPS, ROWS = 40, 6, 4
LABEL = np.repeat(np.arange(CLASSES), GROUPS * ROWS)
GROUP = np.repeat(np.arange(CLASSES * GROUPS), ROWS)


def head_with_slope(slope: float, level: float = -0.5):  # type: ignore[no-untyped-def]
    """Answer with log-odds `level` + `slope` · log(groups of the class): independent rows of known accuracy."""
    rng = np.random.default_rng(3)

    def fit(used: np.ndarray, rows: np.ndarray) -> np.ndarray:
        known = np.array([len(np.unique(GROUP[used][LABEL[used] == c])) for c in range(CLASSES)])
        odds = level + slope * np.log(np.maximum(known[LABEL[rows]], 1))
        right = rng.random(len(rows)) < 1 / (1 + np.exp(-odds))
        return np.eye(CLASSES)[np.where(right, LABEL[rows], (LABEL[rows] + 1) % CLASSES)]

    return fit


@pytest.mark.parametrize("slope", [0.3, 1.0, 2.0])
def test_finds_the_slope_of_heads_whose_accuracy_is_known(slope: float) -> None:
    found = measure_slope(LABEL, GROUP, head_with_slope(slope), seed=0, repeats=12)
    assert abs(found.value - slope) < 2.5 * found.error
    assert found.error < USUAL[1]


def test_one_group_per_class_says_nothing_and_the_usual_slope_is_returned() -> None:
    label = np.repeat(np.arange(5), 3)
    found = measure_slope(label, label, lambda used, rows: np.zeros((len(rows), 5)), seed=0)
    assert (found.value, found.error) == USUAL


def test_the_same_seed_gives_the_same_slope() -> None:
    first, second = (measure_slope(LABEL, GROUP, head_with_slope(1.0), seed=4, repeats=4) for _ in range(2))
    assert first == second
