from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.stages.scout import measure as module
from sketchfit.stages.scout.measure import measure, shortened, too_large, too_slow
from sketchfit.stages.scout.options import make_options
from tests.factories import make_context, make_table, tiny_recipe
from tests.stages.scout.made import make_candidate, make_rows


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


def test_the_faster_of_two_trials_counts(tmp_path, monkeypatch):
    recipe = load_recipe(tiny_recipe())
    context = make_context(tmp_path, recipe, make_table(train={"train/1.png": 0}))
    made = []

    def trial(training, prediction):
        return module.Trial(1, 1, 1, 1, 1, training, prediction)

    def trials(*found):
        made[:] = found
        monkeypatch.setattr(module, "try_training", lambda *_: made.pop(0))

    trials(trial(0.3, 0.1), trial(0.2, 0.4))
    found = module._faster_of_two(recipe, context, tmp_path)
    assert (found.training_seconds, found.prediction_seconds) == (0.2, 0.1)
    trials(trial(5.0, 0.1), trial(0.2, 0.4))
    assert module._faster_of_two(recipe, context, tmp_path).training_seconds == 5.0
    assert len(made) == 1


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
