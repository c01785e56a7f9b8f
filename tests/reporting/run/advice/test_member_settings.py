from __future__ import annotations

from sketchfit.config.load import load_recipe
from sketchfit.config.parse import member_recipes
from sketchfit.reporting.run.advice.member_settings import for_members

BASE = {
    "training": {"epochs": 8},
    "members": {
        "plain": {"model": {"input_size": 96}},
        "long": {"training": {"epochs": 12}},
        "a.b": {"training": {"epochs": 10}},
        "bank": {"training": {"epochs": 0, "kernel": {"use": "replace"}}},
    },
}


def test_members_with_a_value_of_their_own_are_changed_too() -> None:
    recipe = load_recipe(BASE)
    settings = list(for_members(recipe, "training.epochs=16"))
    changed = member_recipes(load_recipe(recipe.model_dump(mode="json"), settings))
    assert {name: one.training.epochs for name, one in changed.items()} == {
        "plain": 16,
        "long": 16,
        "a.b": 16,
        "bank": 0,
    }
    assert changed["plain"].model.input_size == 96


def test_a_recipe_without_members_has_one_setting() -> None:
    assert list(for_members(load_recipe("cpu"), "training.epochs=16")) == ["training.epochs=16"]
