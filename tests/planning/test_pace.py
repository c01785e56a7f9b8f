from __future__ import annotations

import pickle

import pytest

from sketchfit.planning.pace import WINDOW, Expected, LateError, Pace


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _train(clock: Hands, end: float, seconds: list[float], after: float = 0.0) -> int:
    """Updates that are made before the training is late; each takes its seconds."""
    pace = Pace(Expected(len(seconds), 1.0, after), lambda: end - clock.now, clock)
    for number, one in enumerate(seconds, start=1):
        clock.now += one
        try:
            pace.updated(number)
        except LateError:
            return number
    return len(seconds)


def test_a_training_that_ends_in_time_is_left_alone():
    assert _train(Hands(), 101.0, [1.0] * 100) == 100


def test_a_training_that_ends_late_is_stopped_once_its_pace_is_known():
    assert _train(Hands(), 90.0, [1.0] * 100) == 1 + WINDOW


def test_the_time_after_the_last_update_counts():
    assert _train(Hands(), 101.0, [1.0] * 100) == 100
    assert _train(Hands(), 101.0, [1.0] * 100, after=12.0) == 1 + WINDOW


def test_a_training_that_becomes_slow_is_stopped_before_the_end():
    clock = Hands()
    stopped = _train(clock, 130.0, [1.0] * 50 + [2.0] * 50)
    assert 50 < stopped < 70
    assert clock.now < 90.0


def test_a_short_pause_does_not_stop_a_long_training():
    assert _train(Hands(), 1060.0, [1.0] * 300 + [15.0] + [1.0] * 699) == 1000


def test_the_error_has_what_is_needed_and_allowed():
    clock = Hands()
    pace = Pace(Expected(100, 1.0, 5.0), lambda: 20.0, clock)
    for number in range(1, 6):
        clock.now = 2.0 * number
        pace.updated(number)
    clock.now = 12.0
    with pytest.raises(LateError) as caught:
        pace.updated(6)
    assert (caught.value.pace, caught.value.left, caught.value.allowed) == (2.0, 94 * 2.0 + 2 * 5.0, 20.0)


def test_the_error_is_the_same_after_it_was_sent_to_another_process():
    error = LateError(12.0, 3.0, 0.5)
    found = pickle.loads(pickle.dumps(error))
    assert (found.left, found.allowed, found.pace, str(found)) == (12.0, 3.0, 0.5, str(error))


def test_a_training_that_seems_a_little_late_at_its_start_is_not_stopped():
    assert _train(Hands(), 104.0, [1.06] * 50 + [0.98] * 50) == 100
    assert _train(Hands(), 104.0, [1.3] * 50 + [0.98] * 50) < 50


def _two(clock: Hands, end: float, others_until: float, step: float, alone: float) -> int:
    """Updates of the favoured one of two trainings that are made before it is late."""
    others = lambda: clock.now < others_until  # noqa: E731
    pace = Pace(Expected(100, 1.0, 0.0), lambda: end - clock.now, clock, others)
    for number in range(1, 101):
        clock.now += step if others() else alone
        try:
            pace.updated(number)
        except LateError:
            return number
    return 100


def test_the_favoured_training_waits_for_the_end_of_the_others():
    assert _two(Hands(), end=100.0, others_until=20.0, step=1.2, alone=0.8) == 100
    assert _train(Hands(), 100.0, [1.2] * 17 + [0.8] * 83) < 17  # by itself it is stopped


def test_the_favoured_training_is_stopped_if_it_stays_slow():
    clock = Hands()
    stopped = _two(clock, end=100.0, others_until=20.0, step=1.2, alone=1.2)
    assert 17 < stopped < 17 + 2 * WINDOW


def test_the_favoured_training_is_stopped_at_once_where_others_cannot_help():
    assert _two(Hands(), end=100.0, others_until=1000.0, step=2.0, alone=2.0) < 10


def test_the_favoured_training_is_stopped_before_the_end_if_the_others_do_not_end():
    clock = Hands()
    assert _two(clock, end=100.0, others_until=1000.0, step=1.15, alone=1.15) < 100
    assert clock.now < 100.0
