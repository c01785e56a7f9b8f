"""Variants of a recipe: which there are, and which are refused."""

from __future__ import annotations

import pytest

from sketchfit.config.load import load_recipe
from sketchfit.config.variants import make_variants
from sketchfit.errors import UserError
from tests.factories import tiny_recipe

BASE = load_recipe(tiny_recipe({"loss": {"smoothing": 0.05}, "optimizer": {"lr": 1e-3}, "training": {"epochs": 1}}))


def test_one_change_at_a_time_without_the_values_of_the_base() -> None:
    found = make_variants(BASE, ["loss=ce,focal", "optimizer.lr=0.01,0.001", "model.head={name: mlp}"])
    assert [variant.name for variant in found] == [
        "base",
        "loss=focal",
        "optimizer.lr=0.01",
        "model.head={name: mlp}",
    ]
    assert found[1].recipe.loss.name == "focal"
    assert found[1].recipe.loss.smoothing == 0.05  # the other settings of the base stay
    assert found[2].recipe.loss.name == "ce"


def test_the_grid_has_every_combination_once() -> None:
    found = make_variants(BASE, ["loss=ce,focal,poly1", "training.epochs=1,2"], grid=True)
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
def test_mistakes_are_refused(vary: list[str], words: str) -> None:
    with pytest.raises(UserError) as caught:
        make_variants(BASE, vary)
    assert words in str(caught.value)
