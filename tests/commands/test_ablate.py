from __future__ import annotations

import csv

import pytest

from sketchfit.commands import ablate as module
from sketchfit.commands.ablate import Variation, ablate, make_variants
from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.synthetic import draw_dataset
from tests.factories import tiny_recipe

RECIPE = tiny_recipe(
    {"training": {"epochs": 1, "validate_every": 0}, "loss": {"smoothing": 0.05}, "optimizer": {"lr": 1e-3}}
)


def test_one_change_at_a_time_and_the_bases_own_value_is_passed_over():
    found = make_variants(load_recipe(RECIPE), ["loss=ce,focal", "optimizer.lr=0.01,0.001", "model.head={name: mlp}"])
    assert [variant.name for variant in found] == [
        "base",
        "loss=focal",
        "optimizer.lr=0.01",
        "model.head={name: mlp}",
    ]
    assert found[1].recipe.loss.name == "focal"
    assert found[1].recipe.loss.smoothing == 0.05  # the base's other settings stay
    assert found[2].recipe.loss.name == "ce"
    assert len({variant.folder for variant in found}) == 4


def test_the_grid_has_every_combination_once():
    found = make_variants(load_recipe(RECIPE), ["loss=ce,focal,poly1", "training.epochs=1,2"], grid=True)
    pairs = {(variant.recipe.loss.name, variant.recipe.training.epochs) for variant in found}
    assert len(found) == len(pairs) == 6


@pytest.mark.parametrize(
    ("vary", "words"),
    [
        (["loss=focal,typo"], "loss=typo: loss.name"),
        (["loss=arcface"], "needs model.head=cosine"),
        (["loss"], "not of the form"),
        (["folds.k=2,3"], "--vary folds.k"),
        (["inference.batch_size=3"], "--vary inference.batch_size"),
        (["training.epoch=3"], "unknown key"),
        ([], "nothing to vary"),
    ],
)
def test_mistakes_are_told_before_any_training(vary, words):
    with pytest.raises(UserError) as caught:
        make_variants(load_recipe(RECIPE), vary)
    assert words in str(caught.value)


def test_it_trains_on_the_same_folds_resumes_and_adds_variants(tmp_path, monkeypatch):
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))
    data = draw_dataset(tmp_path / "data", classes=3, per_class=8, test_per_class=2).out
    trained = []
    real = module.train_fold

    def watched(context, member, fold):
        done = context.run.fold(member.name, fold.number) / "done.json"
        if not done.is_file():
            trained.append((context.run.path.parent.name, member.recipe.seed, fold.number, tuple(fold.valid)))
        return real(context, member, fold)

    monkeypatch.setattr(module, "train_fold", watched)
    rows = ablate(data, Variation(["loss=focal"]), RECIPE, out=tmp_path / "out")
    assert [row.name for row in rows] == ["base", "loss=focal"]
    assert all(row.top1.n == 24 and len(row.by_seed) == 2 for row in rows)
    assert [one[:3] for one in trained] == [
        (name, seed, fold) for name in ("base", "loss=focal") for seed in (0, 1) for fold in (0, 1)
    ]
    assert len({one[3] for one in trained}) == 2  # two folds, whatever the seed
    trained.clear()
    again = ablate(data, Variation(["loss=focal", "training.epochs=2"]), RECIPE, out=tmp_path / "out")
    assert {one[0] for one in trained} == {"training.epochs=2"}
    first = {row.name: row.by_seed for row in again}
    assert all(first[row.name] == row.by_seed for row in rows)
    with (tmp_path / "out" / "ablation.csv").open() as file:
        assert {line["variant"] for line in csv.DictReader(file)} == set(first)
    assert (tmp_path / "out" / "ablation.html").is_file()
