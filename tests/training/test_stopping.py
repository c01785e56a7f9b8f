"""A training that a signal stops keeps its complete updates, and started again it ends with the same weights."""

from __future__ import annotations

import math
import os
import signal
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from sketchfit.interruption import Interrupted, Terminated, handled_signals
from sketchfit.training import fit as fit_module
from sketchfit.training import step as step_module
from sketchfit.training import stopping
from sketchfit.training.checkpoint import Checkpoints
from sketchfit.training.plan import make_plan

from .test_resume import history, same

LEVERS = {
    "batch norm": ({}, 1),
    "sam": ({"optimizer": {"sam": "sam"}}, 2),
    "accumulated": ({"training": {"accumulation": 2}}, 1),
}
"""Settings, and passes per batch."""


def send_after(monkeypatch, module, name, at, number=signal.SIGTERM):
    """Send a signal after the `at`-th call of a function; return the list of its calls."""
    real, made = getattr(module, name), []

    def counted(*args, **kwargs):
        found = real(*args, **kwargs)
        made.append(name)
        if len(made) == at:
            os.kill(os.getpid(), number)
        return found

    monkeypatch.setattr(module, name, counted)
    return made


UNDISTURBED = {}
"""Weights and history of trainings that nothing stopped, by their recipes: several tests compare with the same one."""


def undisturbed(job, train):
    """The weights and the history of a job that nothing stops."""
    key = job.recipe.model_dump_json()
    if key not in UNDISTURBED:
        UNDISTURBED[key] = train(job), history(job)
    return UNDISTURBED[key]


def stop(job, train, error=Terminated):
    with handled_signals(), pytest.raises(error):
        train(job)


def batches_of(job):
    """Batches per epoch, and all batches that the checkpoint has."""
    per_epoch = make_plan(job.recipe, len(job.train_rows)).epochs[0].batches
    state = torch.load(job.folder / "last.ckpt", weights_only=True)
    return per_epoch, state["epoch"] * per_epoch + state["batch"]


@pytest.mark.parametrize(
    ("number", "error"),
    [pytest.param(signal.SIGINT, Interrupted, marks=pytest.mark.slow), (signal.SIGTERM, Terminated)],
)
@pytest.mark.parametrize("slow", [True, False])
@pytest.mark.parametrize("name", LEVERS)
def test_a_stop_in_an_update_loses_at_most_that_update(tiny_job, train, monkeypatch, name, slow, number, error):
    settings, passes = LEVERS[name]
    job = tiny_job({**settings, "training": {"checkpoint_minutes": 0, **settings.get("training", {})}})
    expected, rows = undisturbed(job, train)
    stopped = replace(job, folder=job.folder.with_name("stopped"))
    monkeypatch.setattr(stopping, "SLOW", 0.0 if slow else math.inf)
    with monkeypatch.context() as patch:
        send_after(patch, step_module, "_loss", at=9, number=number)
        stop(stopped, train, error)
    together = job.recipe.training.accumulation
    per_epoch, found = batches_of(stopped)
    assert per_epoch % together == 0
    complete = 8 // (passes * together) if slow else math.ceil(9 / (passes * together))
    assert found == complete * together
    assert same(train(stopped), expected)
    assert history(stopped) == rows


@pytest.mark.parametrize("place", ["_validate", "apply_lr", "write_history", "save"])
@pytest.mark.parametrize("at", [1, 2])
def test_a_stop_anywhere_in_an_epoch_loses_no_update(tiny_job, train, monkeypatch, place, at):
    job = tiny_job({"training": {"checkpoint_minutes": 0}, "averaging": {"swa": True, "swa_start": 0.25}})
    expected, rows = undisturbed(job, train)
    stopped = replace(job, folder=job.folder.with_name("stopped"))
    with monkeypatch.context() as patch:
        made = send_after(patch, Checkpoints if place == "save" else fit_module, place, at)
        stop(stopped, train)
    per_epoch, found = batches_of(stopped) if place != "apply_lr" or at > 1 else (0, 0)
    assert found == (at - 1 if place == "apply_lr" else at * per_epoch)
    assert len(made) >= at
    assert same(train(stopped), expected)
    assert history(stopped) == rows


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2])
def test_a_warning_saves_and_the_training_continues(tiny_job, train, monkeypatch, number):
    job = tiny_job({"training": {"checkpoint_minutes": 0}})
    expected, rows = undisturbed(job, train)
    warned = replace(job, folder=job.folder.with_name("warned"))
    saved = []
    real = Checkpoints.save
    monkeypatch.setattr(
        Checkpoints, "save", lambda self, state: saved.append((state["epoch"], state["batch"])) or real(self, state)
    )
    send_after(monkeypatch, step_module, "_loss", at=2, number=number)
    with handled_signals():
        assert same(train(warned), expected)
    epochs = len(rows) - 1
    assert saved == [(0, 2), *((epoch, 0) for epoch in range(1, epochs + 1))]


def test_without_handlers_an_exception_saves_nothing(tiny_job, train, monkeypatch):
    job = tiny_job({"training": {"checkpoint_minutes": 0}})

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(step_module, "_loss", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(job)
    assert not (job.folder / "last.ckpt").exists()


@pytest.mark.parametrize(("seconds", "updates"), [(0.0, 16), (0.01, 16), (0.1, 10), (0.6, 1), (5.0, 1), (1e9, 1)])
def test_processes_agree_after_each_slow_update(seconds, updates):
    assert stopping.agree_after(seconds) == updates


class _Processes:
    """An engine of two processes, of which the other one has received a signal."""

    processes, is_main = 2, True

    def __init__(self):
        self.calls = 0

    def sum(self, figures):
        self.calls += 1
        mine = list(figures)
        return [mine[0], mine[1], mine[2] + (self.calls == 3), 2 * mine[3]]


def test_a_signal_of_another_process_stops_this_one_after_the_checkpoint():
    engine, saved = _Processes(), []
    times = stopping.SaveTimes(SimpleNamespace(update_seconds=0.5), engine, 0)

    def work():
        for number in range(10):
            times.save_if_due(number, partial(saved.append, number))

    with pytest.raises(Terminated):
        work()
    assert saved == [4]  # processes agree after updates 0, 2 and 4
