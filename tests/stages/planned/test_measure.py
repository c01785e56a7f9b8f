"""Rates of a planned run with planted trials: where other processes disturb them, nothing is written."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.planning.costs import Counts
from sketchfit.planning.draft import DraftBook
from sketchfit.planning.ladder import PlannedBackbone, Rung
from sketchfit.stages.planned import measure as module
from sketchfit.stages.planned.measure import measure_rates
from sketchfit.training.step_rates import StepRates

COUNTS = Counts(train=80, valid=20, tests=10, folds=5, batch=8)
BUSY = 1000.0
"""Cores that others use."""


def rung(name: str, cost: float) -> Rung:
    return Rung(name, "network", PlannedBackbone(name, {}, 64, cost, 50.0), 64, {})


def measured(monkeypatch, tmp_path, *found, trials=1000.0):
    """Rates of two backbones, the second of which costs twice as much, where trials find these times."""
    left = list(found)
    monkeypatch.setattr(module, "member_of", lambda *_: load_recipe("cpu"))
    monkeypatch.setattr(module, "measure_steps", lambda *_: _found(left.pop(0)))
    context = SimpleNamespace(
        recipe=None, table=SimpleNamespace(class_count=2), engine=SimpleNamespace(device=torch.device("cpu"))
    )
    book = DraftBook(60.0, tmp_path)
    book.change(networks_at_once=1)
    if len(found) == 1:  # the time is over after the first trial
        now = iter((0.0, 0.0, trials, trials, trials))
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(now)))
    rates = measure_rates(context, [rung("one", 1.0), rung("two", 2.0)], book, COUNTS, trials)
    assert left == []
    return rates, {name.split()[2] for name in book.plan.measurements if name.startswith("training")}


def _found(one):
    if isinstance(one, Exception):
        raise one
    return one


@pytest.mark.parametrize(
    ("others", "written"),
    [((0.0, 0.0), {"one", "two"}), ((BUSY, 0.0), {"two"}), ((0.0, BUSY), {"one"}), ((BUSY, BUSY), set())],
)
def test_rates_that_others_disturb_are_used_and_not_written(others, written, monkeypatch, tmp_path):
    found = [StepRates(0.01 * number, 0.002, others=one) for number, one in enumerate(others, start=1)]
    rates, names = measured(monkeypatch, tmp_path, *found)
    assert [rates[name].training for name in ("one", "two")] == [0.01, 0.02]
    assert names == written


def test_a_speed_of_decoding_that_is_not_written_is_used(monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        patch.setattr(DraftBook, "measured", lambda *_: 50.0)
        rates, _ = measured(patch, tmp_path, StepRates(0.01, 0.002), StepRates(0.01, 0.002))
    assert [one.decoding for one in rates.values()] == [1 / 50] * 2


@pytest.mark.parametrize("error", [UserError("no"), MemoryError(), RuntimeError("shapes do not match")])
def test_a_backbone_whose_trial_fails_is_left_out(error, monkeypatch, tmp_path):
    lines: list[str] = []
    monkeypatch.setattr(module.log, "warning", lines.append)
    rates, names = measured(monkeypatch, tmp_path, error, StepRates(0.01, 0.002))
    assert set(rates) == names == {"two"}
    (line,) = lines
    assert line.startswith("one is left out")


def test_a_mistake_in_a_trial_is_raised(monkeypatch, tmp_path):
    with pytest.raises(KeyError):
        measured(monkeypatch, tmp_path, KeyError("a"), StepRates(0.01, 0.002))


@pytest.mark.parametrize(("spread", "written"), [(0.0, {"one", "two"}), (9.0, set())])
def test_an_estimate_from_a_guess_is_a_guess(spread, written, monkeypatch, tmp_path):
    rates, names = measured(monkeypatch, tmp_path, StepRates(0.01, 0.002, spread=spread), trials=10.0)
    assert rates["two"].training == pytest.approx(0.02)  # twice the multiplications
    assert names == written
