from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.planning.learning_curve import DOUBT, STEEPEST, HeadAccuracy, with_more_rows
from sketchfit.planning.value import UNCERTAIN
from sketchfit.runs.estimates import Estimate

MANY = Estimate(0.5, 0.45, 0.55, 400)


def test_the_error_falls_with_the_power_that_two_measurements_show():
    few = 1 - 0.5 * 4**0.25  # four times as many rows lower the error by 4 to the power 0.25
    found = with_more_rows(few, MANY, (100.0, 400.0, 6400.0))
    assert found.top1.value == pytest.approx(1 - 0.5 * 16**-0.25)
    assert found.top1.low == pytest.approx(1 - 0.55 * 16**-0.25)
    assert found.doubt == pytest.approx(DOUBT * 0.25 * math.log(16))


def test_nothing_is_extrapolated_to_fewer_rows_or_from_a_curve_that_rises():
    assert with_more_rows(0.3, MANY, (100.0, 400.0, 400.0)) == HeadAccuracy(MANY)
    assert with_more_rows(0.6, MANY, (100.0, 400.0, 6400.0)).top1.value == pytest.approx(MANY.value)


def test_a_steep_curve_is_taken_for_noise():
    found = with_more_rows(0.0, MANY, (300.0, 400.0, 1600.0))
    assert found.top1.value == pytest.approx(1 - 0.5 * 4**-STEEPEST)


def test_the_interval_has_the_uncertainty_of_the_gain_and_of_the_head():
    certain = HeadAccuracy(Estimate(0.6, 0.6, 0.6, 10_000)).after(0.0)
    assert certain.value == 0.6
    assert certain.low == pytest.approx(1 - 0.4 * math.exp(UNCERTAIN), abs=1e-4)
    assert certain.high == pytest.approx(1 - 0.4 * math.exp(-UNCERTAIN), abs=1e-4)
    wider = HeadAccuracy(Estimate(0.6, 0.5, 0.7, 90), doubt=0.1).after(0.0)
    assert wider.low < certain.low
    assert wider.high > certain.high


@given(value=st.floats(0.0, 1.0), low=st.floats(0.0, 1.0), high=st.floats(0.0, 1.0), worth=st.floats(-0.3, 1.0))
def test_an_expectation_is_a_share_within_its_interval(value: float, low: float, high: float, worth: float):
    top1 = Estimate(value, min(low, value), max(high, value), 100)
    found = HeadAccuracy(top1, 0.05).after(worth)
    assert 0 <= found.low <= found.value <= found.high <= 1
