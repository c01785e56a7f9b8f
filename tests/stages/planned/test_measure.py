"""Rates of a planned run with planted trials: where other processes disturb them, nothing is written."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.planning.costs import Counts, rates_of
from sketchfit.planning.draft import DraftBook
from sketchfit.planning.ladder import PlannedBackbone, Rung
from sketchfit.stages.planned import measure as module
from sketchfit.stages.planned.failures import SizeError
from sketchfit.stages.planned.measure import measure_rates
from sketchfit.training.step_rates import StepRates

COUNTS = Counts(train=80, valid=20, tests=10, folds=5, batch=8)
BUSY = 1000.0
"""Cores that others use."""


def rung(name: str, cost: float, size: int = 64) -> Rung:
    return Rung(f"{name}-{size}", "network", PlannedBackbone(name, {}, 64, cost, 50.0), size, {})


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


SIZES = (64, 96, 128)


def by_size(monkeypatch, tmp_path, works, seconds=1.0, allowed=1000.0, fault=SizeError):
    """Return rates, tried members and warnings, where trials of backbone `one` succeed at the sizes of `works`.

    A failing trial takes as many seconds.
    """
    now, tried, lines = [0.0], list[str](), list[str]()

    def measure(name):
        tried.append(name)
        if name.startswith("one") and int(name.split("-")[1]) not in works:
            now[0] += seconds
            raise RuntimeError(f"{name} does not train")
        return StepRates(0.01, 0.002)

    monkeypatch.setattr(module, "member_of", lambda _base, _settings, name: SimpleNamespace(name=name, model=None))
    monkeypatch.setattr(module, "measure_steps", lambda recipe, *_: measure(recipe.name))
    monkeypatch.setattr(module, "failure_of", lambda error, _model: fault(str(error)))
    monkeypatch.setattr(module.log, "warning", lines.append)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    context = SimpleNamespace(
        recipe=None, table=SimpleNamespace(class_count=2), engine=SimpleNamespace(device=torch.device("cpu"))
    )
    book = DraftBook(60.0, tmp_path)
    book.change(networks_at_once=1)
    rungs = [*(rung("one", 1.0, size) for size in SIZES), rung("two", 2.0)]
    monkeypatch.setattr(module, "TRIAL_SHARE", 0.0)
    return measure_rates(context, rungs, book, COUNTS, allowed), tried, lines


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_backbone_that_does_not_train_at_a_size_is_tried_at_the_next_larger_one(place, monkeypatch, tmp_path):
    rates, tried, lines = by_size(monkeypatch, tmp_path, SIZES[place:])
    assert tried == [f"one-{size}" for size in SIZES[: place + 1]] + ["two-64"]
    assert rates["one"].size == SIZES[place]
    members = [rates_of(rung("one", 1.0, size), rates) is not None for size in SIZES]
    assert members == [number >= place for number in range(3)], "smaller ones are left out"
    assert rates_of(replace(rung("one", 1.0), kind="bank"), rates) is not None
    assert rates_of(rung("two", 2.0), rates) is not None
    assert len(lines) == (place > 0)


def test_a_backbone_that_trains_at_no_size_is_left_out(monkeypatch, tmp_path):
    rates, tried, (line,) = by_size(monkeypatch, tmp_path, ())
    assert tried == [*(f"one-{size}" for size in SIZES), "two-64"]
    assert set(rates) == {"two"}
    assert line.startswith("one is left out")


@pytest.mark.parametrize(("seconds", "count"), [(1.0, 3), (4.0, 2), (8.0, 1)])
def test_further_sizes_are_tried_while_there_is_time(seconds, count, monkeypatch, tmp_path):
    """10 s are allowed, and a trial takes about 2.5 s."""
    rates, tried, _ = by_size(monkeypatch, tmp_path, (), seconds, allowed=10.0)
    assert tried == [*(f"one-{size}" for size in SIZES[:count]), "two-64"]
    assert set(rates) == {"two"}, "the first backbone that trains is tried in any case"


def test_the_sizes_of_another_backbone_do_not_depend_on_a_trial(monkeypatch, tmp_path):
    """The speed of `two` is estimated by that of `one`."""
    rates, tried, _ = by_size(monkeypatch, tmp_path, (128,), allowed=7.0, seconds=2.0)
    assert tried == [f"one-{size}" for size in SIZES]
    assert (rates["one"].least, rates["two"].least) == (128, 0)


def test_no_larger_size_is_tried_where_the_fault_is_not_the_size(monkeypatch, tmp_path):
    rates, tried, (line,) = by_size(monkeypatch, tmp_path, SIZES[1:], fault=UserError)
    assert tried == [f"one-{SIZES[0]}", "two-64"]
    assert set(rates) == {"two"}
    assert line.startswith("one is left out")
