from __future__ import annotations

import errno
import io
import logging
import os
import pickle
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.disk import DiskError
from sketchfit.planning.deadline import LatestEnd
from sketchfit.planning.pace import Expected, LateError, Pace
from sketchfit.stages.planned import worker
from tests.factories import tiny_recipe


def test_a_full_disk_is_reported_to_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The cause of an error is not sent with it, so the run would not know the reason."""

    def full(*_: object) -> None:
        cause = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / "last.ckpt"))
        raise RuntimeError("the writer has failed") from cause

    monkeypatch.setattr(worker, "_train", full)
    unused = cast(Any, None)
    end = worker._end_of(unused, unused, unused)
    found = pickle.loads(pickle.dumps(end)).error
    assert isinstance(found, DiskError)
    assert (found.errno, found.place) == (errno.ENOSPC, tmp_path / "last.ckpt")


class _Ended(BaseException):
    """In place of the end of a process."""


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), worker.OtherDeviceError("cpu")]
)
def test_a_process_without_memory_or_gpu_ends_so_that_its_network_is_trained_alone(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise error

    def end(status: int) -> None:
        raise _Ended(status)

    monkeypatch.setattr(worker, "_train", fail)
    monkeypatch.setattr(worker.os, "_exit", end)
    unused = cast(Any, None)
    with caplog.at_level(logging.WARNING), pytest.raises(_Ended):
        worker._end_of(unused, unused, unused)
    assert str(error) in caplog.text


def test_a_process_that_finds_no_gpu_trains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    request: Any = SimpleNamespace(recipe=load_recipe(tiny_recipe()), device="cuda")
    monkeypatch.setattr(worker, "run_network", lambda *_: pytest.fail("it is trained"))
    with pytest.raises(worker.OtherDeviceError, match="cuda"):
        worker._train(request, cast(Any, None), cast(Any, None))


def test_orders_reach_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network is alone from the order on, until the next request; the process ends with its input."""

    def end(status: int) -> None:
        raise _Ended(status)

    class Requests:
        def put(self, received: str) -> None:
            seen.append((received, worker.ALONE.is_set()))

    seen: list[tuple[str, bool]] = []
    worker.ALONE.clear()
    sent = [worker.WorkerOrder.ALONE, "first", worker.WorkerOrder.ALONE]
    stream = io.BytesIO(b"".join(map(pickle.dumps, sent)))
    monkeypatch.setattr(worker.sys, "stdin", SimpleNamespace(buffer=stream))
    monkeypatch.setattr(worker.os, "_exit", end)
    try:
        with pytest.raises(_Ended):
            worker._receive(cast(Any, Requests()))
        assert seen == [("first", False)]
        assert worker.ALONE.is_set()
    finally:
        worker.ALONE.clear()


@pytest.mark.parametrize("sleep_counts", [True, False])
def test_a_training_is_stopped_where_the_machine_has_slept_until_its_end(
    sleep_counts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Updates take a second each; after half of them the machine sleeps for an hour."""
    now = {"monotonic": 1000.0, "time": 5000.0}
    for name in now:
        monkeypatch.setattr(f"sketchfit.stages.planned.worker.time.{name}", lambda name=name: now[name])
    request: Any = SimpleNamespace(
        run=Path("run"),
        recipe=load_recipe(tiny_recipe()),
        device="cpu",
        table=None,
        row_ids=None,
        member="net",
        member_recipe=None,
        stores=(),
        fold=None,
        expected=Expected(40, 1.0, 0.0),
        latest=LatestEnd.after(60.0, sleep_counts),
        favoured=False,
    )
    seen: list[int] = []

    def train(context: Any, member: Any, fold: Any, pace: Pace, callback: Any) -> None:
        for number in range(1, 41):
            now.update({name: one + 1.0 for name, one in now.items()})
            now["time"] += 3600.0 * (number == 20)
            seen.append(number)
            pace.updated(number)

    monkeypatch.setattr(worker, "run_network", train)
    monkeypatch.setattr(worker, "Member", lambda *_: None)
    with pytest.raises(LateError) if sleep_counts else nullcontext():
        worker._train(request, cast(Any, None), cast(Any, SimpleNamespace(send=None)))
    assert seen[-1] == (20 if sleep_counts else 40)
