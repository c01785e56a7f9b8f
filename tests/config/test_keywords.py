from __future__ import annotations

from pathlib import Path

import pytest

from sketchfit.api.load_recipe import load_recipe
from sketchfit.config.keywords import keyword_settings, setting_key
from sketchfit.config.problems import setting_names
from sketchfit.errors import RecipeError


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("seed", "seed"),
        ("epochs", "training.epochs"),
        ("batch_size", "training.batch_size"),
        ("backbone", "model.backbone"),
        ("lr", "optimizer.lr"),
        ("training", "training"),
        ("freeze", "model.freeze"),
        ("folds__train", "folds.train"),
        ("model__head__name", "model.head.name"),
    ],
)
def test_a_name_stands_for_a_setting(name: str, key: str) -> None:
    assert setting_key(name) == key


def test_each_setting_can_be_named() -> None:
    assert [key for key in setting_names() if setting_key(key.replace(".", "__")) != key] == []


def test_several_settings_of_a_name_are_named() -> None:
    with pytest.raises(RecipeError) as found:
        setting_key("weight")
    assert found.value.hint == "Name one of them: pseudo_label__weight, refit__weight, distill__weight."


def test_an_unknown_name_has_the_nearest_one_and_all_mistakes_are_reported() -> None:
    with pytest.raises(RecipeError) as found:
        keyword_settings({"bachbone": "resnet18", "epochs": 3, "enabled": True})
    assert len(found.value.problems) == 2
    assert "'backbone'" in found.value.problems[0]


def test_a_section_and_its_setting_are_merged_in_their_order() -> None:
    assert keyword_settings({"training": {"epochs": 3, "batch_size": 8}, "epochs": 4, "weights": Path("w.bin")}) == {
        "training": {"epochs": 4, "batch_size": 8},
        "model": {"weights": "w.bin"},
    }


def test_keywords_come_after_overrides_and_a_recipe_is_a_source() -> None:
    recipe = load_recipe("cpu", ["training.epochs=7", "folds.k=3"], epochs=5)
    assert (recipe.training.epochs, recipe.folds.k) == (5, 3)
    assert load_recipe(recipe) == recipe
    assert load_recipe(recipe, {"folds": {"k": 4}}, k=6).folds.k == 6
    assert recipe.folds.k == 3


def test_a_dotted_key_that_does_not_exist_is_refused_by_the_recipe() -> None:
    with pytest.raises(RecipeError, match=r"unknown key 'model\.bachbone'; the nearest is 'model\.backbone'"):
        load_recipe(model__bachbone="resnet18")
