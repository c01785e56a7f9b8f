from __future__ import annotations

import pytest

from sketchfit.planning.deadline import WorkingTime


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
