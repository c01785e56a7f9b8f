from __future__ import annotations

from datetime import datetime

import pytest

from sketchfit.tracking.outlook import ExpectedTraining, RunOutlook, ends_in


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_measured_rate_replaces_the_estimate() -> None:
    clock = Clock()
    run = RunOutlook(clock)
    assert run.text() == ""
    run.expect({"a": ExpectedTraining(3, 100.0), "b": ExpectedTraining(1, 50.0)}, after=10.0)
    assert run.seconds_left() == 360
    with run.network("a"):
        run.at(0.1)
        clock.now = 2.0  # too short to be measured
        assert run.seconds_left() == 350
        run.at(0.5)
        clock.now = 100.0  # twice as long as estimated
        assert run.seconds_left() == pytest.approx(2 * (50 + 200 + 50 + 10))
        clock.now = 200.0
    assert run.seconds_left() == pytest.approx(2 * 260)


def test_after_the_trainings_the_time_of_the_last_stages_runs_down() -> None:
    clock = Clock()
    run = RunOutlook(clock)
    run.expect({"a": ExpectedTraining(1, 10.0)}, after=8.0)
    with run.network("a"):
        run.at(1.0)
        clock.now = 20.0
    assert run.seconds_left() == pytest.approx(16)
    clock.now = 30.0
    assert run.seconds_left() == pytest.approx(6)
    clock.now = 40.0
    assert run.seconds_left() is None  # it takes longer than expected: nothing is claimed
    assert run.text() == ""


def test_a_training_that_is_not_expected_changes_nothing() -> None:
    run = RunOutlook(Clock())
    run.expect({"a": ExpectedTraining(1, 10.0)}, after=0.0)
    with run.network("student"):
        run.at(0.9)
    assert run.seconds_left() == 10


def test_an_end_on_another_day_names_it() -> None:
    assert ends_in(3600 * 10, datetime(2026, 1, 1, 20, 0)) == "ends in about 10.0 h (Fri 06:00)"


def test_trainings_next_to_others_are_counted_but_not_measured() -> None:
    now = [0.0]
    outlook = RunOutlook(clock=lambda: now[0])
    outlook.expect({"a": ExpectedTraining(2, 10.0)}, after=6.0)
    outlook.trained("a")
    assert outlook.seconds_left() == pytest.approx(16.0)
    now[0] = 100.0
    outlook.trained("a")
    outlook.trained("b")
    assert outlook.seconds_left() == pytest.approx(6.0)
