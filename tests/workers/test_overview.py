from __future__ import annotations

from typing import Any, cast

from sketchfit.workers.messages import UnitProgress
from sketchfit.workers.overview import UnitsOverview
from sketchfit.workers.unit_state import UnitState


class _Unit:
    name = "net/fold3"


def _state(now: list[float], **fields: Any) -> UnitState:
    return UnitState(cast(Any, _Unit()), clock=lambda: now[0], **fields)


def test_units_in_training_are_shown_with_the_end_of_the_run():
    now = [10.0]
    progress = UnitProgress("node7", 1, "net: fold 2/5, epoch 3/9", "74 images/s", 0.5)
    running = _state(now, attempt=1, began=0.0, progress=progress)
    states = [_state(now, attempt=1, seconds=20.0), running, _state(now, attempt=1), _state(now), _state(now)]
    overview = UnitsOverview(states, workers=2, after=3.0)
    assert overview.done == 1
    assert overview.note == "1 in training"
    assert overview.rows == ("net: fold 2/5, epoch 3/9, 74 images/s, on node7", "net/fold3: waits for a worker")
    left = overview.seconds_left()
    assert left is not None
    assert left == 3.0 + 40.0  # units of 20 s: one half done, one not begun, two wait
    assert overview.text().startswith("ends in about 40 s")


def test_nothing_is_estimated_before_anything_is_known():
    overview = UnitsOverview([_state([0.0]), _state([0.0])], workers=2)
    assert overview.seconds_left() is None
    assert overview.text() == ""
