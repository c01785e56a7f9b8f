from __future__ import annotations

import cv2
import numpy as np
import pytest

from sketchfit.api.fit import fit
from sketchfit.api.run import run
from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.config.parse import member_recipes
from sketchfit.data.folds import Fold
from sketchfit.models.network import Normalisation
from sketchfit.runs.artefacts import Directions
from sketchfit.runs.run import Run
from sketchfit.stages.context import RunState
from sketchfit.stages.directions import directions, used_turns
from sketchfit.training.fold import fold_job
from sketchfit.training.loader import DataLoader
from sketchfit.training.plan import make_plan
from sketchfit.training.trial_engine import TrialEngine
from tests.auditing.test_directions import arrow
from tests.factories import open_context, tiny_recipe

# From scratch, without any flip, this reaches 100 % out of fold.
LEARNS = {
    "model": {"input_size": 32},
    "training": {"epochs": 18, "batch_size": 16},
    "optimizer": {"name": "adamw", "lr": 8e-3},
}


@pytest.fixture(scope="module")
def arrows(tmp_path_factory):
    """100 arrows to the left and 100 to the right."""
    root, rng = tmp_path_factory.mktemp("arrows"), np.random.default_rng(0)
    for name, angle in (("left", 180), ("right", 0)):
        (root / name).mkdir()
        for number in range(100):
            cv2.imwrite(str(root / name / f"{name}{number}.png"), arrow(rng, angle))
    return root


def recipe(**transforms):
    return tiny_recipe({**LEARNS, "transforms": {"policy": "flips", **transforms}})


def test_arrows_are_learnt_by_default(arrows, tmp_path):
    result = run(arrows, recipe(), out=tmp_path / "auto")
    assert result.top1.value > 0.97
    measured = Directions.read(tmp_path / "auto")
    assert {(one.turn, one.source, one.target) for one in measured.found} == {
        ("hflip", "left", "right"),
        ("hflip", "right", "left"),
    }


def test_heads_on_frozen_features_keep_arrows_apart(arrows, tmp_path):
    heads = tiny_recipe({"training": {"epochs": 0, "kernel": {"use": "replace"}}, "data": {"size": 32}})
    assert used_turns([load_recipe(heads)]) == ("hflip",)
    assert run(arrows, heads, out=tmp_path / "run").top1.value > 0.8


def test_the_same_networks_result_as_without_flips(arrows, tmp_path):
    few = {"training": {"epochs": 1}, "folds": {"train": [0]}}
    found = {}
    for mode in ("auto", "never", "keep"):
        run(arrows, merge(recipe(mirror=mode), few), out=tmp_path / mode)
        found[mode] = Run.open(tmp_path / mode).oof().prob
    assert np.array_equal(found["auto"], found["never"])
    assert not np.array_equal(found["auto"], found["keep"])
    assert len(Directions.read(tmp_path / "keep").found) == 2
    assert not Directions.exists(tmp_path / "never")


def state_of(arrows, folder, **transforms):
    settings = load_recipe(recipe(**transforms))
    context, members = open_context(folder, arrows, settings)
    return context, directions(context, RunState(members=members))


@pytest.mark.parametrize("mode", ["auto", "swap"])
def test_each_picture_points_where_its_target_says(arrows, tmp_path, mode):
    context, state = state_of(arrows, tmp_path / "run", mirror=mode)
    (member,) = state.members.values()
    rows = np.arange(len(context.table.label))
    job = fold_job(context, member, Fold(0, rows, rows[:0]), "")
    loader = DataLoader(job, Normalisation((0.0,) * 3, (1.0,) * 3), TrialEngine(context.engine.device))
    flipped = shown = 0
    for epoch in make_plan(member.recipe, len(rows)).epochs[:2]:
        for (micro,) in loader.updates(epoch):
            for image, target, label in zip(micro.images, micro.targets, micro.label, strict=True):
                ink = 1 - image[0].numpy()
                place = int(target.argmax())
                assert place == int(label)
                heavy = ink[:, 16:].sum() > ink[:, :16].sum()  # the head has more lines than the tail
                shown += 1
                flipped += heavy == (context.table.class_names[place] == "right")
    assert flipped / shown > 0.8
    assert bool(job.mirroring.becomes) == (mode == "swap")


def test_what_was_measured_is_read_again(arrows, tmp_path, monkeypatch):
    _, first = state_of(arrows, tmp_path / "run")
    monkeypatch.setattr("sketchfit.stages.directions.find_directions", None)
    _, second = state_of(arrows, tmp_path / "run")
    assert [one.recipe for one in first.members.values()] == [one.recipe for one in second.members.values()]


def test_directions_of_the_recipe_are_not_measured(arrows, tmp_path):
    context, state = state_of(arrows, tmp_path / "run", directions={"hflip": {"left": "right"}})
    (member,) = state.members.values()
    assert member.recipe.transforms.directions == {"hflip": {"left": "right"}}
    assert not Directions.exists(context.run.path)


def test_fit_measures_too(arrows, tmp_path):
    fit(arrows, tiny_recipe({"transforms": {"policy": "flips"}, "training": {"epochs": 1}}), out=tmp_path / "fit")
    assert len(Directions.read(tmp_path / "fit").found) == 2


@pytest.mark.parametrize(
    ("transforms", "turns"),
    [
        ({"policy": "none"}, ()),
        ({"policy": "light"}, ("hflip",)),
        ({"policy": "none", "add": [{"op": "vflip"}, {"op": "hflip"}]}, ("hflip", "vflip")),
        ({"policy": "light", "drop": ["hflip"]}, ()),
        ({"curriculum": [{"until": 1, "policy": "none"}, {"policy": [{"op": "quarter_turn"}]}]}, ("quarter_turn",)),
    ],
)
def test_turns_of_a_policy(transforms, turns):
    settings = load_recipe(tiny_recipe({"transforms": transforms}))
    assert used_turns(member_recipes(settings).values()) == turns
