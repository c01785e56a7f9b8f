"""Units of a run, and their shared temperature."""

import numpy as np
import pytest

from sketchfit.claims.unit import Answers, FoldUnit, shared_temperature, tempered
from tests.claims.worlds import World


def test_right_and_row_follow_the_order_of_the_units() -> None:
    prob = np.array([[0.9, 0.1], [0.4, 0.6]])
    first = FoldUnit(np.array([4, 2]), np.array([0, 0]), prob, prob)
    second = FoldUnit(np.array([1, 3]), np.array([0, 1]), prob, prob)
    answers = Answers((first, second), prob)
    assert answers.row.tolist() == [4, 2, 1, 3]
    assert answers.right.tolist() == [True, False, True, True]


def test_tempered_halves_log_odds_at_temperature_2() -> None:
    soft = tempered(np.array([[0.8, 0.2]]), 2.0)
    assert soft[0, 0] / soft[0, 1] == pytest.approx(2.0)


def test_a_second_time_the_shared_temperature_is_1() -> None:
    answers, _ = World().answers(seed=1)
    assert shared_temperature(answers) != pytest.approx(1.0, abs=0.05)
    value = shared_temperature(answers)
    once = Answers(tuple(unit.tempered(value) for unit in answers.units), answers.final)
    assert shared_temperature(once) == pytest.approx(1.0, abs=1e-3)
    assert np.array_equal(once.right, answers.right)
