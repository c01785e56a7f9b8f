from __future__ import annotations

import pickle

import pytest

from sketchfit.planning.deadline import LatestEnd, WorkingTime


def test_a_time_of_the_day_is_kept_where_the_machine_sleeps() -> None:
    now, wall = [100.0], [5000.0]
    given = {"seconds": 600.0, "before": 0.0, "began": 100.0, "clock": lambda: now[0]}
    duration, until = WorkingTime(**given), WorkingTime(**given, ends=5600.0, wall=lambda: wall[0])
    for share in (1.0, 0.955):
        assert duration.until(share) == pytest.approx(600.0 * share)
        assert until.until(share) == pytest.approx(600.0 * share)
    now[0], wall[0] = 200.0, 5400.0  # it has slept for 300 s
    assert duration.until(1.0) == pytest.approx(500.0)
    assert until.until(1.0) == pytest.approx(200.0)
    assert until.until(0.955) == pytest.approx(200.0 - 0.045 * 600.0)
    assert until.used == 100.0


@pytest.mark.parametrize(("sleep_counts", "left"), [(False, 50.0), (True, 20.0)])
def test_the_end_in_another_process_moves_with_sleep_as_the_deadline_does(
    sleep_counts: bool, left: float, monkeypatch: pytest.MonkeyPatch
):
    """10 s pass, and 30 s in which the machine sleeps and `time.monotonic` stands still."""
    now = {"monotonic": 1000.0, "time": 5000.0}
    for name in now:
        monkeypatch.setattr(f"sketchfit.planning.deadline.time.{name}", lambda name=name: now[name])
    end = pickle.loads(pickle.dumps(LatestEnd.after(60.0, sleep_counts)))
    assert end.left() == 60.0
    now.update(monotonic=1010.0, time=5040.0)
    assert end.left() == left


@pytest.mark.parametrize("ends", [None, 5600.0])
def test_sleep_counts_where_the_run_ends_at_a_time_of_the_day(ends: float | None):
    assert WorkingTime(600.0, 0.0, 0.0, lambda: 0.0, ends).sleep_counts == (ends is not None)
