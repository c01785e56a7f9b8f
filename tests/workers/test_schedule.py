from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.workers.schedule import makespan, seconds_left


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=30), st.integers(1, 40))
def test_units_at_the_same_time_take_between_the_bounds(seconds: list[float], workers: int):
    found = makespan(seconds, workers)
    least = max(sum(seconds) / workers, max(seconds))
    assert least - 1e-6 <= found <= sum(seconds) / workers + max(seconds) + 1e-6
    if workers == 1:
        assert found == pytest.approx(sum(seconds))


def test_the_end_is_estimated_from_what_ran():
    assert seconds_left([(0.0, 0.0)], 3, [], 2) is None
    assert seconds_left([(5.0, 0.5)], 0, [], 2) == pytest.approx(5.0)
    assert seconds_left([(5.0, 0.5), (0.0, 0.0)], 2, [10.0], 2) == pytest.approx(20.0)
    assert seconds_left([], 4, [3.0], 2) == pytest.approx(6.0)
