from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.runs.artefacts.scout import ScoutedOption
from sketchfit.stages.scout import measure as module
from sketchfit.stages.scout.measure import measure, shortened, too_large, too_slow
from sketchfit.stages.scout.options import make_options
from tests.factories import make_context, make_table, tiny_recipe
from tests.stages.scout.made import make_candidate, make_figures, make_rows


def test_a_trial_gives_memory_and_times_of_all_folds(tmp_path, monkeypatch):
    recipe = load_recipe(tiny_recipe())
    table = make_table(train={f"train/{row}.png": row % 2 for row in range(8)})
    ((option,),) = make_options(recipe, [make_candidate()], [32])
    option = type(option)(option.candidate, option.size, recipe)  # random weights
    context = make_context(tmp_path, recipe, table)
    halves = (tuple(range(4)), tuple(range(4, 8)))
    one, both = (measure(context, option, make_rows(halves[:count], 8)) for count in (1, 2))
    assert both.memory == one.memory > one.trial.state
    assert one.run_seconds > 0

    def fixed(*_):
        return both.trial

    monkeypatch.setattr(module, "try_training", fixed)
    one, both = (measure(context, option, make_rows(halves[:count], 8)) for count in (1, 2))
    assert both.run_seconds == pytest.approx(2 * one.run_seconds)


BUSY = 1000.0
"""Cores that others use."""


@pytest.mark.parametrize(
    ("found", "repeat", "seconds", "doubted"),
    [
        ([(0.3, 0.1, 0.0), (0.2, 0.4, 0.0)], True, (0.2, 0.1), False),
        ([(5.0, 0.1, 0.0)], True, (5.0, 0.1), False),  # a second one would take too long
        ([(0.3, 0.1, 0.0)], False, (0.3, 0.1), False),
        ([(0.3, 0.1, BUSY), (0.4, 0.2, 0.0)], False, (0.3, 0.1), False),  # others only make a step slower
        ([(0.3, 0.1, BUSY), (0.2, 0.4, BUSY)], False, (0.2, 0.1), True),
        ([(0.3, 0.1, 0.0), (0.2, 0.4, BUSY)], True, (0.2, 0.1), False),
        ([(5.0, 0.1, BUSY)], False, (5.0, 0.1), True),
    ],
)
def test_a_trial_that_others_disturb_is_repeated_once(found, repeat, seconds, doubted, tmp_path, monkeypatch):
    recipe = load_recipe(tiny_recipe())
    context = make_context(tmp_path, recipe, make_table(train={"train/1.png": 0}))
    left = [module.Trial(1, 1, 1, 1, 1, *times, others=others) for *times, others in found]
    monkeypatch.setattr(module, "try_training", lambda *_: left.pop(0))
    cost = measure(context, SimpleNamespace(recipe=recipe), make_rows(((0, 1),), 4), repeat=repeat)
    assert (cost.trial.training_seconds, cost.trial.prediction_seconds) == seconds
    assert bool(cost.doubt) == doubted
    assert left == []


def test_times_that_are_a_guess_are_not_kept_for_the_next_scout():
    figures = make_figures("one", train_seconds=60.0, ms_per_image=2.0, bank_seconds=3.0, memory=7)
    assert ScoutedOption.of("x", figures).figures == figures
    kept = ScoutedOption.of("x", figures.model_copy(update={"doubt": "others"})).figures
    assert (kept.train_seconds, kept.ms_per_image, kept.bank_seconds, kept.doubt) == (None, None, None, "")
    assert (kept.memory, kept.bank_top1) == (7, figures.bank_top1)


@pytest.mark.parametrize(
    ("seconds", "allowed", "words"), [(60.0, None, ""), (60.0, 60.0, ""), (600.0, 60.0, "60 s are allowed")]
)
def test_a_run_that_takes_too_long(seconds, allowed, words):
    found = too_slow(seconds, allowed)
    assert words in found
    assert bool(found) == bool(words)


def test_a_training_that_does_not_fit_into_the_memory(monkeypatch):
    context = SimpleNamespace(engine=SimpleNamespace(device=torch.device("cpu")))
    monkeypatch.setattr(module, "memory_of", lambda _: 2_000_000_000)
    assert too_large(context, 1_900_000_000) == ""
    assert "3.0 GB" in too_large(context, 3_000_000_000)
    monkeypatch.setattr(module, "memory_of", lambda _: None)
    assert too_large(context, 3_000_000_000) == ""


@pytest.mark.parametrize(("kernel", "expected"), [("none", "blend"), ("replace", "replace")])
def test_a_short_training_has_a_kernel_head(kernel, expected):
    settings = {"epochs": 9, "validate_every": 3, "kernel": kernel, "resize": [{"until": 0.5, "size": 24}]}
    found = shortened(load_recipe(tiny_recipe({"training": settings})), 2).training
    assert (found.epochs, found.validate_every, found.kernel.use, found.resize) == (2, 0, expected, ())


@pytest.mark.parametrize(
    ("schedule", "warmup"),
    [
        ({"warmup": 1, "step_epochs": 6}, 0.25),
        ({"warmup": 20, "warmup_unit": "steps"}, 5),
        ({"warmup": 0.1, "warmup_unit": "share"}, 0.1),
    ],
)
def test_the_warm_up_of_a_short_training_is_as_large_a_part(schedule, warmup):
    recipe = load_recipe(tiny_recipe({"training": {"epochs": 8}, "schedule": schedule}))
    found = shortened(recipe, 2).schedule
    assert found.warmup == pytest.approx(warmup)
    assert found.step_epochs == pytest.approx(recipe.schedule.step_epochs / 4)
