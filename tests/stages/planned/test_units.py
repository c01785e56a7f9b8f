from __future__ import annotations

import pytest

from sketchfit.planning.pace import Expected, LateError, Pace
from sketchfit.stages.planned.units import WatchedConsole
from sketchfit.tracking.console import Console


class _Watch:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def _pass(console: WatchedConsole, watch: _Watch, seconds: float) -> None:
    with console.bar("frozen features", 100) as advance:
        for done in range(10, 101, 10):
            watch.now += seconds / 10
            advance(done, "")


def test_passes_within_the_time_are_counted_one_after_the_other():
    watch = _Watch()
    console = WatchedConsole(Console("none"), Pace(Expected(200, 0.5, 10.0), lambda: 115.0 - watch.now, watch))
    _pass(console, watch, 50.0)
    _pass(console, watch, 50.0)
    assert watch.now == pytest.approx(100.0)


def test_a_pass_that_becomes_slow_is_stopped():
    watch = _Watch()
    console = WatchedConsole(Console("none"), Pace(Expected(200, 0.5, 10.0), lambda: 115.0 - watch.now, watch))
    _pass(console, watch, 50.0)
    with pytest.raises(LateError):
        _pass(console, watch, 500.0)
    assert watch.now < 115.0
