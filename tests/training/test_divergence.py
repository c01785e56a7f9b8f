"""A loss or a weight that is not finite: the training stops, or starts the epoch again with half the rate."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from sketchfit.runs.artefacts import Divergence
from sketchfit.training import fit as fit_module
from sketchfit.training.checkpoint import LAST, PREVIOUS, read_checkpoint
from sketchfit.training.divergence import MOST_REWINDS, DivergedError, remedies
from sketchfit.training.job import FitJob

Train = Callable[[FitJob], dict[str, torch.Tensor]]
MakeJob = Callable[..., FitJob]

KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "head only": {"model": {"freeze": {"train": "head"}}, "transforms": {"policy": "none"}},
    "probe": {"training": {"probe": True}},
    "sam": {"optimizer": {"sam": "sam"}},
    "accumulated": {"training": {"accumulation": 2}},
    "no average": {"averaging": {"ema": False}},
}


def spoil(monkeypatch: pytest.MonkeyPatch, at: set[int], what: str = "loss") -> list[float]:
    """Make NaN of the loss or of a weight at these updates, counted from the first; returns all learning rates."""
    real, rates = fit_module.update, list[float]()

    def update(state: Any, *args: Any) -> Any:
        loss, right = real(state, *args)
        rates.append(state.optimizer.param_groups[-1]["lr"])
        if len(rates) in at:
            if what == "loss":
                return loss * math.nan, right
            with torch.no_grad():
                next(iter(state.model.parameters())).fill_(math.nan)
        return loss, right

    monkeypatch.setattr(fit_module, "update", update)
    return rates


@pytest.mark.parametrize("kind", KINDS)
def test_it_stops_at_once_and_keeps_the_last_good_checkpoint(
    kind: str, tiny_job: MakeJob, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = tiny_job(KINDS[kind])
    per_epoch = 2 if kind == "accumulated" else 4
    rates = spoil(monkeypatch, {per_epoch + 2})
    with pytest.raises(DivergedError) as caught:
        train(job)
    assert len(rates) == per_epoch + 2
    assert "epoch 2" in caught.value.problems[0]
    assert f"{rates[-1]:.3g}" in caught.value.problems[0]
    assert "optimizer.lr=" in caught.value.hint
    assert read_checkpoint(job.folder / LAST)["epoch"] == 1
    assert Divergence.read(job.folder).stopped == caught.value.problems[0]
    monkeypatch.undo()
    expected = train(tiny_job(KINDS[kind]))
    found = train(job)  # it was a fault of the machine
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    assert not Divergence.exists(job.folder)


def test_a_weight_that_is_not_finite_is_not_saved(
    tiny_job: MakeJob, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = tiny_job()
    spoil(monkeypatch, {8}, "weight")  # the last update of the second epoch: no loss shows it
    with pytest.raises(DivergedError, match="weights"):
        train(job)
    assert read_checkpoint(job.folder / LAST)["epoch"] == 1


class Killed(Exception):
    pass


@pytest.mark.parametrize("at", [pytest.param(3, marks=pytest.mark.slow), 7])
@pytest.mark.parametrize(
    ("kill", "minutes"), [(None, 1e-9), pytest.param(6, 0, marks=pytest.mark.slow), (6, 1e-9), (9, 1e-9)]
)
def test_a_rewind_starts_the_epoch_again_with_half_the_rate(
    at: int, kill: int | None, minutes: float, tiny_job: MakeJob, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights are NaN at update `at` of the plan at the full rate; kills and saved epochs change no bit."""
    real, calls, rates = fit_module.update, 0, list[float]()

    def update(state: Any, *args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == deadly:
            raise Killed
        found = real(state, *args)
        rates.append(state.optimizer.param_groups[-1]["lr"])
        if not state.rewinds and state.epoch * 4 + state.batch + 1 == at:
            with torch.no_grad():
                next(iter(state.model.parameters())).fill_(math.nan)
        return found

    monkeypatch.setattr(fit_module, "update", update)
    deadly: int | None = None
    whole = tiny_job({"training": {"on_nan": "rewind"}})
    expected = train(whole)
    assert rates[at + 1] == pytest.approx(rates[(at - 1) // 4 * 4] / 2)
    deadly, calls = kill, 0
    job = tiny_job({"training": {"on_nan": "rewind", "checkpoint_minutes": minutes}})
    if kill is not None:
        with pytest.raises(Killed):
            train(job)
        deadly = None
    found = train(job)
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    record = Divergence.read(job.folder)
    assert [(one.epoch, one.lr_scale) for one in record.rewinds] == [((at - 1) // 4 + 1, 0.5)]
    assert record == Divergence.read(whole.folder)
    assert record.stopped == ""


def test_it_does_not_rewind_for_ever(tiny_job: MakeJob, train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    job = tiny_job({"training": {"on_nan": "rewind"}})
    rates = spoil(monkeypatch, set(range(6, 1000)))
    with pytest.raises(DivergedError):
        train(job)
    assert len(Divergence.read(job.folder).rewinds) == MOST_REWINDS
    assert len(rates) == 6 + MOST_REWINDS


def test_what_does_not_help_is_not_advised(tiny_job: MakeJob) -> None:
    job = tiny_job()
    lower = f"optimizer.lr={job.recipe.optimizer.lr / 4:.2g}"
    assert remedies(job) == [lower, "training.clip_grad=1"]
    sharp = tiny_job({"training": {"clip_grad": 1}, "compute": {"precision": "bf16"}})
    assert remedies(sharp) == [lower, "compute.precision=fp32"]


def test_the_error_survives_the_way_from_another_process() -> None:
    error = pickle.loads(pickle.dumps(DivergedError("what", "do this")))
    assert (error.problems, error.hint) == (("what",), "do this")


def test_rewinds_decide_nothing_where_there_are_none(tiny_job: MakeJob, train: Train) -> None:
    stop = tiny_job()
    rewind = replace(tiny_job({"training": {"on_nan": "rewind"}}))
    expected, found = train(stop), train(rewind)
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_without_the_start_of_the_epoch_the_training_starts_again(
    tiny_job: MakeJob, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a checkpoint in the epoch is left, as an older version leaves it: the result is the same."""
    settings = {"training": {"on_nan": "rewind", "checkpoint_minutes": 1e-9}}
    whole, job = tiny_job(settings), tiny_job(settings)
    real, kill = fit_module.update, [0]

    def update(state: Any, micros: Any, *args: Any) -> Any:
        place = state.epoch * 4 + state.batch
        if place == kill[0]:
            raise Killed
        found = real(state, micros, *args)
        if place == 7 and not state.rewinds:
            next(iter(state.model.parameters())).data.fill_(math.nan)
        return found

    monkeypatch.setattr(fit_module, "update", update)
    kill[0] = -1
    expected = train(whole)
    kill[0] = 7
    with pytest.raises(Killed):
        train(job)
    (job.folder / PREVIOUS).unlink()
    kill[0] = -1
    found = train(job)
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    assert Divergence.read(job.folder) == Divergence.read(whole.folder)
