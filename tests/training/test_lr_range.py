"""The range test on curves whose steepest place is known."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.training.lr_range import broken, range_rates, smoothed, suggested_rate


def test_rates_rise_by_equal_factors():
    np.testing.assert_allclose(range_rates(1e-4, 1.0, 5), [1e-4, 1e-3, 1e-2, 1e-1, 1.0])


def test_smoothing_of_a_constant_is_the_constant_and_of_two_is_their_weighted_mean():
    np.testing.assert_allclose(smoothed(np.full(9, 3.0)), 3.0)
    np.testing.assert_allclose(smoothed(np.array([1.0, 3.0]), keep=0.5), [1.0, (0.25 * 1 + 0.5 * 3) / 0.75])


def test_the_steepest_fall_is_found_and_the_break_passed_over():
    rates = range_rates(1e-5, 10, 61)
    curve = 3 - np.tanh(2 * np.log10(rates / 1e-2))  # falls fastest at 0.01
    curve[50:] = [30.0] * 5 + [np.nan] * 6
    assert suggested_rate(rates, curve) == pytest.approx(1e-2)


def test_the_luck_of_the_first_batches_is_passed_over():
    rates = range_rates(1e-6, 1, 100)
    curve = 3 - 0.1 * np.tanh(2 * np.log10(rates / 1e-3))
    curve[:4] += [0.5, 0.3, 0.1, 0.02]
    curve[70:] += np.linspace(0, 3, 30)
    assert 3e-4 < suggested_rate(rates, curve) < 3e-3


@pytest.mark.parametrize("length", [2, 3, 4, 7])
def test_short_tests_give_one_of_their_rates(length):
    rates = range_rates(1e-4, 1e-1, length)
    assert suggested_rate(rates, np.linspace(3, 1, length)) in rates


def test_a_loss_that_never_falls_is_told():
    for curve in (np.arange(1.0, 11.0), np.full(10, np.nan)):
        with pytest.raises(ValueError, match="begin lower"):
            suggested_rate(range_rates(1e-4, 1, 10), curve)


def test_when_to_stop():
    assert not broken(np.array([3.0, 2.0, 7.9]))
    assert broken(np.array([3.0, 2.0, 8.1]))
    assert broken(np.array([3.0, np.nan]))
