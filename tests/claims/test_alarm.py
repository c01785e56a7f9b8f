"""The alarm where test rows contradict out-of-fold rows."""

from dataclasses import replace

import numpy as np
import pytest

from sketchfit.claims.alarm import LEVEL, METHOD_ERROR, alarm
from sketchfit.claims.label_free import LabelFree, estimate
from sketchfit.inference.intervals import accuracy
from tests.claims.worlds import World

FOUND = estimate(World().answers(seed=1)[0])


def figures(single: float, split_error: float = 0.0) -> LabelFree:
    return replace(FOUND, single=single, split_error=split_error)


def test_equal_figures_give_no_alarm() -> None:
    found = alarm(figures(0.6), 0.6, 0.01)
    assert (found.fires, found.z) == (False, pytest.approx(0))
    assert found.p_value == pytest.approx(1)


def test_the_difference_is_measured_in_standard_errors_of_log_odds() -> None:
    found = alarm(figures(0.5, split_error=0.03), 0.5 + 1e-9, 0.04)
    low = alarm(figures(0.45, split_error=0.03), 0.5, 0.04)
    assert found.z == pytest.approx(0, abs=1e-6)
    assert low.z == pytest.approx(np.log(0.45 / 0.55) / np.hypot(0.05 / 0.25, METHOD_ERROR))


@pytest.mark.parametrize("single", [0.4, 0.8])
def test_both_directions_fire(single: float) -> None:
    found = alarm(figures(single, 0.01), 0.6, 0.01)
    assert found.fires
    assert found.p_value < LEVEL


def test_the_alarm_is_rare_without_a_shift_and_certain_under_a_strong_one() -> None:
    fired = {2.0: [], 1.0: []}
    for signal, found in fired.items():
        for seed in range(20):
            answers, _ = World().answers(seed, rows=200, test=300, signal=signal)
            right = accuracy(answers.right)
            found.append(alarm(estimate(answers), right.value, (right.high - right.low) / 3.92).fires)
    assert np.mean(fired[2.0]) <= 0.1
    assert np.mean(fired[1.0]) >= 0.9


@pytest.mark.parametrize("single", [0.0, 1.0])
def test_certain_figures_give_finite_numbers(single: float) -> None:
    assert np.isfinite(alarm(figures(single), single, 0.0).z)
    assert alarm(figures(1 - single), single, 0.0).fires
