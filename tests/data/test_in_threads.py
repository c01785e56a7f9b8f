"""Many small calls in threads: order, errors, and numbers of items that do not divide."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.data.in_threads import in_threads


@given(st.lists(st.integers(), max_size=60), st.integers(1, 4), st.integers(1, 20))
def test_results_are_in_the_order_of_the_items(items: list[int], threads: int, together: int) -> None:
    assert list(in_threads(lambda one: one + 1, items, threads, together)) == [one + 1 for one in items]


def test_several_threads_work_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=30)
    assert len(list(in_threads(lambda _: both.wait(), range(2), threads=2, together=1))) == 2


def test_an_error_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_threads(lambda one: 1 // one, [1, 0], threads=2))
