"""The search with planted accuracies and times instead of networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.config.load import load_recipe
from sketchfit.data.stores import store_settings
from sketchfit.errors import UserError
from sketchfit.stages.scout import search as module
from sketchfit.stages.scout.budget import Budget
from sketchfit.stages.scout.measure import Trial, TrialCost
from sketchfit.stages.scout.options import make_options
from sketchfit.stages.scout.search import BANK_SHARE, ScoutSearch
from sketchfit.stages.scout.tried import TriedFolder
from tests.factories import bars, make_context, make_store, make_table, tiny_recipe
from tests.stages.scout.made import Time, make_candidate, make_rows

ROWS = 200


@dataclass
class World:
    """Planted results: rows that are right and seconds of a pass, by the name of the option."""

    right: dict[str, int]
    seconds: dict[str, float]
    time: Time
    order: list[str]

    def bank(self, context, recipe, store, rows):
        name = next(one for one in self.right if one == f"{recipe.model.backbone} at {recipe.model.size} px")
        self.order.append(name)
        self.time.now += self.seconds.get(name, 1.0)
        return np.arange(ROWS), np.arange(ROWS) < self.right[name]


def search_of(monkeypatch, tmp_path, world, seconds=1000.0, run_seconds=None):
    recipe = load_recipe(tiny_recipe())
    table = make_table(train={f"train/{row}.png": row % 2 for row in range(ROWS)})
    rows = make_rows((tuple(range(ROWS // 2)), tuple(range(ROWS // 2, ROWS))), ROWS)
    context = make_context(tmp_path, recipe, table)
    trial = Trial(1, 1, 1, 1, 1, training_seconds=0.01, prediction_seconds=0.005)
    monkeypatch.setattr(module, "measure", lambda *_, **__: TrialCost(trial, 1, 100.0))
    monkeypatch.setattr(module, "head_seconds", lambda _: 0.0)
    monkeypatch.setattr(module, "bank_right", world.bank)
    monkeypatch.setattr(module, "load_stores", lambda *_: pytest.fail("nothing is decoded"))
    budget = Budget(seconds, world.time, began=world.time.now)
    found = ScoutSearch(context, rows, TriedFolder.of(context, rows), budget, run_seconds)
    candidates = [make_candidate(name, backbone=name) for name in ("test_resnet", "test_efficientnet", "test_vit")]
    ladders = make_options(recipe, candidates, [32, 48])
    for ladder in ladders:
        for option in ladder:
            found.stores[store_settings(option.recipe)] = make_store(bars(np.zeros(ROWS, np.int64)))
    return found, ladders


def planted(small=(150, 100, 60), large=(160, 110, 70)):
    names = ("test_resnet", "test_efficientnet", "test_vit")
    right = {f"{name} at 32 px": count for name, count in zip(names, small, strict=True)}
    right |= {f"{name} at 48 px": count for name, count in zip(names, large, strict=True)}
    return World(right, {}, Time(), [])


def test_only_the_better_half_goes_to_the_larger_size(monkeypatch, tmp_path):
    world = planted()
    search, ladders = search_of(monkeypatch, tmp_path, world)
    tried = search.search(ladders)
    assert sorted(world.order[:3]) == sorted(name for name in world.right if "32" in name)
    assert world.order[3:] == ["test_resnet at 48 px", "test_efficientnet at 48 px"]  # the best one first
    assert set(tried) == set(world.right)
    left_out = tried["test_vit at 48 px"].figures.left_out
    assert "behind" in left_out
    assert tried["test_resnet at 48 px"].figures.bank_top1.value == pytest.approx(0.8)


def test_backbones_that_are_not_clearly_worse_stay(monkeypatch, tmp_path):
    world = planted(small=(100, 100, 99))
    search, ladders = search_of(monkeypatch, tmp_path, world)
    search.search(ladders)
    assert len(world.order) == 6


def test_a_second_search_measures_nothing(monkeypatch, tmp_path):
    world = planted()
    search, ladders = search_of(monkeypatch, tmp_path, world)
    first = search.search(ladders)
    world.order.clear()
    again, ladders = search_of(monkeypatch, tmp_path, world)
    found = again.search(ladders)
    assert world.order == []
    assert {name: one.figures for name, one in found.items()} == {name: one.figures for name, one in first.items()}


def test_times_that_others_disturbed_are_measured_again_and_nothing_else(monkeypatch, tmp_path):
    world = planted()
    search, ladders = search_of(monkeypatch, tmp_path, world)
    trial = Trial(1, 1, 1, 1, 1, training_seconds=0.02, prediction_seconds=0.005)
    monkeypatch.setattr(module, "measure", lambda *_, **__: TrialCost(trial, 1, 200.0, "other processes"))
    first = search.search(ladders)["test_resnet at 32 px"].figures
    assert (first.train_seconds, first.doubt) == (200.0, "other processes")  # this scout has no better ones
    world.order.clear()
    for seconds in (100.0, 50.0):  # the third one finds those of the second
        again, ladders = search_of(monkeypatch, tmp_path, world)
        if seconds == 50.0:
            monkeypatch.setattr(module, "measure", lambda *_, **__: pytest.fail("its times are known"))
        found = again.search(ladders)["test_resnet at 32 px"].figures
        assert (found.train_seconds, found.doubt, found.bank_top1) == (100.0, "", first.bank_top1)
    assert world.order == []


def test_a_run_that_may_take_less_time_leaves_options_out(monkeypatch, tmp_path):
    search, ladders = search_of(monkeypatch, tmp_path, planted(), run_seconds=99.0)
    assert all(
        "are allowed" in one.figures.left_out for one in search.search(ladders).values() if "32" in one.option.name
    )


def test_options_of_an_earlier_scout_that_are_too_slow_now_are_not_compared(monkeypatch, tmp_path):
    def left_out(folder, run_seconds):
        search, ladders = search_of(monkeypatch, folder, planted(), run_seconds=run_seconds)
        return {name: one.figures.left_out for name, one in search.search(ladders).items()}

    first = left_out(tmp_path / "first", 99.0)
    left_out(tmp_path / "again", None)
    again = left_out(tmp_path / "again", 99.0)
    assert all(first.values())
    assert again == first


def test_an_option_that_fails_is_left_out_with_its_error(monkeypatch, tmp_path):
    world = planted()
    search, ladders = search_of(monkeypatch, tmp_path, world)

    def fails(context, recipe, store, rows):
        if recipe.model.backbone == "test_vit":
            raise UserError("it returns NaN")
        return world.bank(context, recipe, store, rows)

    monkeypatch.setattr(module, "bank_right", fails)
    tried = search.search(ladders)
    assert tried["test_vit at 32 px"].figures.left_out == "it returns NaN"
    assert "smaller size" in tried["test_vit at 48 px"].figures.left_out


@given(st.lists(st.floats(0.5, 30.0), min_size=6, max_size=6), st.floats(5.0, 120.0))
def test_no_pass_is_begun_that_does_not_fit_by_its_estimate(tmp_path_factory, seconds, allowed):
    world = planted()
    world.seconds = dict(zip(world.right, seconds, strict=True))
    with pytest.MonkeyPatch.context() as monkeypatch:
        search, ladders = search_of(monkeypatch, tmp_path_factory.mktemp("scout"), world, allowed)
        starts = []
        real = world.bank
        monkeypatch.setattr(module, "bank_right", lambda *a: starts.append(search.budget.used) or real(*a))
        tried = search.search(ladders)
    assert all(one <= BANK_SHARE * allowed for one in starts)
    measured = [name for name, one in tried.items() if one.has_bank]
    assert sorted(measured) == sorted(world.order)
    assert all(one.figures.left_out for name, one in tried.items() if name not in measured)
