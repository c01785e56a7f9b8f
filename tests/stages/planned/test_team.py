"""Processes that train networks: what they send back, and how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from safetensors.numpy import load_file

from sketchfit.config.parse import parse_recipe
from sketchfit.data.folds import Fold
from sketchfit.errors import UserError
from sketchfit.interruption import Interrupted, Terminated, handled_signals
from sketchfit.planning.pace import Expected, LateError
from sketchfit.runs.artefacts import PlannedUnit
from sketchfit.stages.context import Member, RunContext
from sketchfit.stages.planned import networks, team
from sketchfit.stages.planned.messages import Message, TrainingEnd, WorkerOrder
from sketchfit.stages.planned.networks import NetworkTrainer, PlannedTraining
from sketchfit.stages.planned.team import Team
from sketchfit.tracking.callback import NO_CALLBACK
from sketchfit.tracking.dispatcher import Dispatcher
from sketchfit.training.checkpoint import read_checkpoint
from sketchfit.training.divergence import DivergedError
from tests.factories import open_context, tiny_recipe

FOLDS = tuple(Fold(number, np.arange(32)[np.arange(32) % 2 != number], np.arange(number, 32, 2)) for number in (0, 1))
IN_TIME = 600.0


class _Events(Dispatcher):
    """Counts the epochs that are reported."""

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[tuple[str, int]] = []

    def epoch_finished(self, member: str, fold: int, row: Any) -> None:
        self.epochs.append((member, fold))


def _open(folder: Path, data: Path) -> tuple[RunContext, Member]:
    recipe = parse_recipe(tiny_recipe({"training": {"kernel": "blend"}}))
    context, members = open_context(folder, data, recipe)
    (member,) = members.values()
    return replace(context, dispatcher=_Events()), member


def _trainings(member: Member) -> list[PlannedTraining]:
    units = [PlannedUnit(key=f"net/fold{fold.number}", kind="network", member="net", epochs=2) for fold in FOLDS]
    return [PlannedTraining(unit, member, fold, Expected(4, 0.1, 0.1)) for unit, fold in zip(units, FOLDS, strict=True)]


def _train(trainer: NetworkTrainer, trainings: list[PlannedTraining]) -> dict[str, LateError | DivergedError | None]:
    ended: dict[str, LateError | DivergedError | None] = {}
    trainer.train(trainings, lambda: IN_TIME, lambda unit, error: ended.update({unit.key: error}))
    return ended


def test_networks_of_two_processes_have_the_bits_of_those_of_one(drawn: Path, tmp_path: Path):
    found = []
    for at_once in (2, 1):
        context, member = _open(tmp_path / str(at_once), drawn)
        trainer = NetworkTrainer(context, at_once, time.monotonic)
        try:
            assert _train(trainer, _trainings(member)) == {"net/fold0": None, "net/fold1": None}
            assert trainer.at_once == at_once
            if at_once == 2:
                _errors_cross(trainer, member)
        finally:
            trainer.stop()
        assert isinstance(context.dispatcher, _Events)
        assert sorted(context.dispatcher.epochs) == [(member.name, 0)] * 2 + [(member.name, 1)] * 2
        folders = [context.run.network(member.name, fold.number) for fold in FOLDS]
        found.append([(load_file(one.weights), one.probabilities("test").prob) for one in folders])
    for (weights, prob), (others, other_prob) in zip(*found, strict=True):
        assert {name: value.tobytes() for name, value in weights.items()} == {
            name: value.tobytes() for name, value in others.items()
        }
        assert prob.tobytes() == other_prob.tobytes()


def _errors_cross(trainer: NetworkTrainer, member: Member) -> None:
    """A network that diverges in a process has the same error in the run."""
    recipe = member.recipe.model_copy(
        update={"optimizer": member.recipe.optimizer.model_copy(update={"lr": float("inf")})}
    )
    other = replace(member, name="infinite", recipe=recipe)
    (error,) = _train(trainer, [replace(_trainings(other)[0], member=other)]).values()
    assert isinstance(error, DivergedError)
    assert "not finite" in error.problems[0]
    assert error.hint


def test_a_process_ends_when_the_run_does():
    command = [sys.executable, "-m", "sketchfit.stages.planned.worker"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert output == b""


def _start_other(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(team, "COMMAND", [sys.executable, "-c", code])


LOST = "import os, signal, sys; sys.stdin.buffer.read(1); os.kill(os.getpid(), signal.SIGKILL)"


@pytest.mark.parametrize("code", [LOST, "print('a line of a library', flush=True); import time; time.sleep(600)"])
def test_networks_of_lost_processes_are_trained_one_after_the_other(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
):
    _start_other(monkeypatch, code)
    context, member = _open(tmp_path, drawn)
    trainer = NetworkTrainer(context, 2, time.monotonic)
    assert _train(trainer, _trainings(member)) == {"net/fold0": None, "net/fold1": None}
    assert trainer.at_once == 1


def test_a_process_that_does_not_end_in_time_is_ended_and_its_unit_dropped(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _start_other(monkeypatch, "import time; time.sleep(600)")
    context, member = _open(tmp_path, drawn)
    trainer, began = NetworkTrainer(context, 2, time.monotonic), time.monotonic()
    monkeypatch.setattr(networks, "PATIENCE", 0.2)
    ended: list[LateError | UserError | None] = []
    allowed = lambda: 0.5 - (time.monotonic() - began)  # noqa: E731
    trainer.train(_trainings(member), allowed, lambda _, error: ended.append(error))
    assert [type(error) for error in ended] == [LateError, LateError]
    assert all("has not ended" in str(error) for error in ended)
    assert trainer.at_once == 2, "no process has ended by itself"
    monkeypatch.undo()
    assert _train(trainer, _trainings(member)) == {"net/fold0": None, "net/fold1": None}
    assert trainer.at_once == 2
    trainer.stop()


def test_without_memory_for_processes_networks_are_trained_one_after_the_other(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(team.subprocess, "Popen", refuse)
    context, member = _open(tmp_path, drawn)
    trainer = NetworkTrainer(context, 2, time.monotonic)
    assert _train(trainer, _trainings(member)) == {"net/fold0": None, "net/fold1": None}


def test_messages_of_a_training_arrive_in_order(monkeypatch: pytest.MonkeyPatch):
    code = """
import pickle, sys
from sketchfit.planning.pace import LateError
from sketchfit.stages.planned.messages import LogLine, TrainingEnd
from sketchfit.workers.messages import UnitEvent
pickle.load(sys.stdin.buffer)
for message in (LogLine(20, "one"), UnitEvent("fold_finished", ("net", 0, {})), TrainingEnd(LateError(5.0, 1.0))):
    pickle.dump(message, sys.stdout.buffer)
"""
    _start_other(monkeypatch, code)
    one = Team(1, NO_CALLBACK)
    ended: list[tuple[int, BaseException | None]] = []
    request: Any = "a request"
    one.train([request], lambda place, error: ended.append((place, error)))
    one.stop()
    ((place, error),) = ended
    assert isinstance(error, LateError)
    assert (place, error.left) == (0, 5.0)


def test_a_process_that_sends_messages_without_end_is_ended_too(monkeypatch: pytest.MonkeyPatch):
    code = """
import pickle, sys, time
from sketchfit.workers.messages import UnitEvent
while True:
    pickle.dump(UnitEvent("epoch_finished", ("net", 0, {})), sys.stdout.buffer)
    sys.stdout.buffer.flush()
    time.sleep(0.05)
"""
    _start_other(monkeypatch, code)
    one = Team(1, NO_CALLBACK)
    ended: list[BaseException | None] = []
    request: Any = "a request"
    until = time.monotonic() + 0.5
    one.train([request], lambda _, error: ended.append(error), patience=lambda: until - time.monotonic())
    one.stop()
    assert [type(error) for error in ended] == [LateError]


OBEDIENT = """
import pickle, signal, sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.SIG_IGN)
from sketchfit.stages.planned.messages import LogLine, TrainingEnd, WorkerOrder
pickle.load(sys.stdin.buffer)
pickle.dump(LogLine(20, "training"), sys.stdout.buffer)
sys.stdout.buffer.flush()
order = pickle.load(sys.stdin.buffer)
Path({place!r}).write_text(order.value)
if order is WorkerOrder.SAVE:
    pickle.dump(TrainingEnd(), sys.stdout.buffer)
"""


@pytest.mark.parametrize(
    ("number", "error", "order"),
    [(signal.SIGINT, Interrupted, "stop"), (signal.SIGTERM, Terminated, "stop"), (signal.SIGUSR1, None, "save")],
)
def test_processes_save_when_the_run_receives_a_signal(
    number: int, error: type[BaseException] | None, order: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _start_other(monkeypatch, OBEDIENT.format(place=str(tmp_path / "order")))
    monkeypatch.setattr(team.log, "log", lambda *_, **__: os.kill(os.getpid(), number))
    one, request = Team(1, NO_CALLBACK), cast(Any, "a request")
    ended: list[BaseException | None] = []
    with handled_signals(), pytest.raises(error) if error else nullcontext():
        one.train([request], lambda _, error: ended.append(error))
    assert (tmp_path / "order").read_text() == order
    assert ended == ([] if error else [None])
    one.stop()


class _Stopping(_Events):
    """Sends a signal to the run when an epoch is reported."""

    def epoch_finished(self, member: str, fold: int, row: Any) -> None:
        super().epoch_finished(member, fold, row)
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_training_in_a_process_is_saved_when_the_run_is_stopped(
    drawn: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(team, "SAVING", 300.0)  # however slow this machine is now
    context, member = _open(tmp_path, drawn)
    context = replace(context, dispatcher=_Stopping())
    kernel = member.recipe.training.kernel.model_copy(update={"use": "none"})
    long = member.recipe.training.model_copy(update={"epochs": 3000, "checkpoint_minutes": 0, "kernel": kernel})
    member = replace(member, recipe=member.recipe.model_copy(update={"training": long}))
    trainer = NetworkTrainer(context, 2, time.monotonic)
    trainings = [replace(one, expected=Expected(40_000, 0.001, 0.1)) for one in _trainings(member)]
    try:
        with handled_signals(), pytest.raises(Terminated):
            _train(trainer, trainings)
        assert trainer._team is not None
        statuses = [one.process.poll() for one in trainer._team._processes]
    finally:
        trainer.stop()
    assert statuses == [143, 143]
    assert capfd.readouterr().err.count("stopping") == 1
    assert isinstance(context.dispatcher, _Events)
    for name, number in set(context.dispatcher.epochs):
        folder = context.run.fold(name, number)
        state = read_checkpoint(folder / "last.ckpt")
        assert state["epoch"] > 0 or state["batch"] > 0


class _Scripted:
    """In place of a process: sends prepared messages, after an order if it waits for one; records what it receives."""

    def __init__(self, waits_for: object, *messages: Message) -> None:
        self.received: list[object] = []
        self._waits_for, self._messages = waits_for, list(messages)
        self._ordered = threading.Event()

    def send(self, request: object) -> None:
        self.received.append(request)
        if request == self._waits_for:
            self._ordered.set()

    def receive(self) -> Message:
        if self._waits_for is not None:
            self._ordered.wait(5)
        return self._messages.pop(0)


def test_the_last_of_several_trainings_is_notified_that_it_is_alone():
    first = _Scripted(WorkerOrder.ALONE, TrainingEnd())
    second = _Scripted(None, TrainingEnd(LateError(9.0, 8.0)))
    pair, ended = Team(2, NO_CALLBACK), list[int]()
    pair._processes = cast("list[Any]", [first, second])
    pair.train(cast("list[Any]", ["one", "two"]), lambda place, _: ended.append(place))
    assert ended == [1, 0]
    assert first.received == ["one", WorkerOrder.ALONE]
    assert second.received == ["two"]


def test_the_first_of_several_networks_is_favoured(drawn: Path, tmp_path: Path):
    favoured: list[list[bool]] = []

    class Both:
        size = 2

        def start(self) -> None:
            """Start nothing."""

        def train(self, requests: Any, ended: Any, patience: Any) -> None:
            favoured.append([one.favoured for one in requests])
            for place in range(len(requests)):
                ended(place, None)

    context, member = _open(tmp_path, drawn)
    trainer = NetworkTrainer(context, 2, time.monotonic)
    trainer._team = cast(Any, Both())
    _train(trainer, _trainings(member))
    _train(trainer, _trainings(member)[:1])
    assert favoured == [[True, False], [False]]


@pytest.mark.parametrize("sleep_counts", [False, True])
def test_processes_receive_the_end_as_the_run_counts_it(drawn: Path, tmp_path: Path, sleep_counts: bool):
    found: list[bool] = []

    class Both:
        size = 2

        def start(self) -> None:
            """Start nothing."""

        def train(self, requests: Any, ended: Any, patience: Any) -> None:
            found.extend(one.latest.timestamp is not None for one in requests)
            for place in range(len(requests)):
                ended(place, None)

    context, member = _open(tmp_path, drawn)
    trainer = NetworkTrainer(context, 2, time.monotonic, sleep_counts=sleep_counts)
    trainer._team = cast(Any, Both())
    _train(trainer, _trainings(member))
    assert found == [sleep_counts] * 2
