from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.training.doubt import FEWEST, MOST, MOST_SPREAD, doubt_of, repeated, shortest, spread_of

SECONDS = st.lists(st.floats(0.001, 1000), min_size=1, max_size=9)


def taken(*seconds: float) -> tuple[list[float], int]:
    """Return what `repeated` finds where steps take so long, and how many are left."""
    left = list(seconds)
    return repeated(lambda: left.pop(0)), len(left)


@pytest.mark.parametrize(
    ("seconds", "expected"), [((1.0,), 0.0), ((1.0, 1.5), 0.25), ((2.0, 3.0, 2.5), 0.25), ((1.0, 1.0, 9.0), 0.0)]
)
def test_the_spread_is_that_of_the_median(seconds: tuple[float, ...], expected: float) -> None:
    assert spread_of(seconds) == pytest.approx(expected)


@given(SECONDS, st.floats(0.5, 2))
def test_the_spread_does_not_depend_on_the_unit(seconds: list[float], factor: float) -> None:
    assert spread_of(seconds) >= 0
    assert spread_of([factor * one for one in seconds]) == pytest.approx(spread_of(seconds), abs=1e-6)


def test_steps_that_agree_are_not_repeated() -> None:
    assert taken(0.1, 0.11, 9.0) == ([0.1, 0.11], 1)


def test_steps_that_differ_are_repeated_while_that_is_quick() -> None:
    assert taken(0.2, 0.1, 0.1, 9.0) == ([0.2, 0.1, 0.1], 1)
    found, left = taken(0.9, 0.1, 0.8, 0.2, 0.9, 0.1)
    assert (len(found), left) == (MOST, 1)
    assert taken(4.0, 2.0, 2.0) == ([4.0, 2.0], 1)


@given(st.lists(st.floats(0.001, 10), min_size=MOST, max_size=MOST))
def test_few_steps_are_taken(seconds: list[float]) -> None:
    found, _ = taken(*seconds)
    assert FEWEST <= len(found) <= MOST
    assert found == seconds[: len(found)]


@pytest.mark.parametrize(
    ("spread", "others", "threads", "doubted"),
    [
        (0.0, None, 2, False),
        (0.0, 0.2, 2, False),  # an idle machine is never at 0
        (0.0, 1.0, 2, True),
        (0.0, 1.0, 1, False),  # the other core is free
        (MOST_SPREAD, 0.0, 2, False),
        (MOST_SPREAD + 0.01, 0.0, 2, True),
    ],
)
def test_load_and_spread_make_a_time_a_guess(
    spread: float, others: float | None, threads: int, doubted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sketchfit.processors.own_cores", lambda: (0, 1))
    assert bool(doubt_of(spread, others, threads)) == doubted


def test_a_disturbed_step_is_repeated_until_it_takes_as_long_as_expected() -> None:
    def found(*seconds: float, expected: float) -> tuple[float, int]:
        left = list(seconds)
        return shortest(lambda: left.pop(0), expected), len(left)

    assert found(0.11, 9.0, expected=0.1) == (0.11, 1)
    assert found(0.5, 0.3, 0.1, 9.0, expected=0.1) == (0.1, 1)
    assert found(*[0.5] * MOST, 0.1, expected=0.1) == (0.5, 1)
    assert found(4.0, 0.1, expected=0.1) == (4.0, 1)
