from __future__ import annotations

import threading
import time

import pytest

from sketchfit.tracking import dispatcher as dispatcher_module
from sketchfit.tracking.callback import Callback, Failure, FoldCallback, Row, RunReport
from sketchfit.tracking.dispatcher import Dispatcher


class Keeper(Callback):
    def __init__(self) -> None:
        self.received: list[object] = []

    def step_finished(self, member: str, fold: int, step: int, row: Row) -> None:
        self.received.append((member, fold, step, dict(row)))

    def epoch_finished(self, member: str, fold: int, row: Row) -> None:
        self.received.append((member, fold, row["epoch"]))

    def run_failed(self, failure: Failure) -> None:
        self.received.append(failure)


class Broken(Callback):
    def __init__(self, error: BaseException) -> None:
        self.error, self.calls = error, 0

    def epoch_finished(self, member: str, fold: int, row: Row) -> None:
        self.calls += 1
        raise self.error


class Hanging(Callback):
    def __init__(self) -> None:
        self.release = threading.Event()
        self.abandoned = self.gave_up = False
        self.calls = 0

    def epoch_finished(self, member: str, fold: int, row: Row) -> None:
        self.calls += 1
        self.gave_up = not self.release.wait(30)

    def abandon(self) -> None:
        self.abandoned = True
        raise RuntimeError("even this may fail")


def test_all_events_arrive_in_order() -> None:
    keeper = Keeper()
    dispatcher = Dispatcher()
    dispatcher.add("keeper", keeper)
    for epoch in range(200):
        dispatcher.epoch_finished("m", epoch % 3, {"epoch": epoch})
    dispatcher.close()
    assert keeper.received == [("m", epoch % 3, epoch) for epoch in range(200)]


def test_a_row_that_is_changed_later_arrives_as_it_was() -> None:
    keeper = Keeper()
    dispatcher = Dispatcher()
    dispatcher.add("keeper", keeper)
    row: dict[str, float | int | None] = {"epoch": 1}
    dispatcher.epoch_finished("m", 0, row)
    row["epoch"] = 2
    dispatcher.close()
    assert keeper.received == [("m", 0, 1)]


@pytest.mark.parametrize("error", [ValueError("no\nsecond line"), SystemExit(3), KeyboardInterrupt(), MemoryError()])
def test_one_that_fails_is_named_once_and_not_called_for_ever(error: BaseException, warned: list[str]) -> None:
    broken, keeper = Broken(error), Keeper()
    dispatcher = Dispatcher()
    dispatcher.add("broken", broken)
    dispatcher.add("keeper", keeper)
    for epoch in range(10):
        dispatcher.epoch_finished("m", 0, {"epoch": epoch})
    dispatcher.close()
    assert len(keeper.received) == 10
    assert broken.calls == dispatcher_module.STRIKES
    assert len(warned) == 1
    assert warned[0].startswith(f"broken: {type(error).__name__}")
    assert "second line" not in warned[0]


def test_one_that_hangs_costs_its_patience_once_and_is_abandoned(warned: list[str]) -> None:
    hanging, keeper = Hanging(), Keeper()
    dispatcher = Dispatcher(patience=0.3)
    dispatcher.add("first", hanging)
    dispatcher.add("second", Hanging())
    dispatcher.add("keeper", keeper)
    for epoch in range(5):
        dispatcher.epoch_finished("m", 0, {"epoch": epoch})
    dispatcher.close()
    assert not hanging.gave_up
    assert len(keeper.received) == 5
    assert hanging.abandoned
    assert [line.split(":")[0] for line in warned] == ["first", "second"]
    hanging.release.set()
    time.sleep(0.1)
    assert hanging.calls == 1


def test_a_full_queue_drops_and_warns(monkeypatch: pytest.MonkeyPatch, warned: list[str]) -> None:
    monkeypatch.setattr(dispatcher_module, "CAPACITY", 3)
    hanging = Hanging()
    dispatcher = Dispatcher(patience=2.0)
    dispatcher.add("slow", hanging)
    for epoch in range(50):
        dispatcher.epoch_finished("m", 0, {"epoch": epoch})
    assert [line.split(":")[0] for line in warned] == ["slow"]
    hanging.release.set()
    dispatcher.close()
    assert 3 <= hanging.calls <= 4


def test_no_callback_costs_nothing() -> None:
    threads = threading.active_count()
    dispatcher = Dispatcher()
    dispatcher.run_finished(RunReport({}, (), 0.0))
    assert threading.active_count() == threads
    dispatcher.close()


def test_step_curve_is_the_mean_loss_since_the_last_point() -> None:
    keeper = Keeper()
    watch = FoldCallback(keeper, "m", 1, every=2)
    watch.epoch_started(0.0, 0)
    # Losses an image: 4, 2, 1, 1 over updates of 10, 10, 10, 30 images.
    watch.updated(1, 40.0, 10, 0.1)
    watch.updated(2, 60.0, 20, 0.2)
    watch.updated(3, 70.0, 30, 0.3)
    watch.updated(4, 100.0, 60, 0.4)
    watch.epoch_started(0.0, 0)
    watch.updated(6, 5.0, 10, 0.5)
    assert keeper.received == [
        ("m", 1, 2, {"loss": 3.0, "lr": 0.2}),
        ("m", 1, 4, {"loss": 1.0, "lr": 0.4}),
        ("m", 1, 6, {"loss": 0.5, "lr": 0.5}),
    ]


def test_step_curve_that_is_off_never_reads_the_sum() -> None:
    class Untouchable:
        def __float__(self) -> float:
            raise AssertionError("the device was waited for")

    watch = FoldCallback(Keeper(), "m", 0, every=0)
    watch.epoch_started(Untouchable(), 0)
    watch.updated(1, Untouchable(), 10, 0.1)
