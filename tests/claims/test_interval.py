"""Tests of `claims.interval`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.claims.interval import interval


def test_a_small_interval_is_symmetric_and_a_large_one_is_not() -> None:
    assert interval(0.8, 0.001) == pytest.approx((0.799, 0.801), abs=1e-5)
    low, high = interval(0.8, 0.16)  # one unit of log-odds: odds of 4 / e and 4 e
    assert (low, high) == pytest.approx((4 / 2.71828 / (1 + 4 / 2.71828), 4 * 2.71828 / (1 + 4 * 2.71828)), abs=1e-5)


@given(st.floats(0, 1), st.floats(0, 2))
def test_it_contains_the_value_and_stays_within_bounds(value: float, half: float) -> None:
    low, high = interval(value, half)
    assert 0 <= low <= value <= high <= 1
