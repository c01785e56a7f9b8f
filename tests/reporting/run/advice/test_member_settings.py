from __future__ import annotations

import pytest

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


def test_members_with_a_value_of_their_own_keep_their_relation() -> None:
    recipe = load_recipe(BASE)
    settings = list(for_members(recipe, "training.epochs=24", factor=2))
    changed = member_recipes(load_recipe(recipe.model_dump(mode="json"), settings))
    assert {name: one.training.epochs for name, one in changed.items()} == {
        "plain": 16,
        "long": 24,
        "a.b": 20,
        "bank": 0,
    }


def test_a_factor_does_not_matter_where_no_member_has_its_own_value() -> None:
    """The epochs of a run with a deadline are not those of its recipe."""
    frozen = {"training": {"epochs": 0, "kernel": {"use": "replace"}}}
    for recipe in (load_recipe("cpu"), load_recipe({"members": {"a": {}, "b": frozen}})):
        assert list(for_members(recipe, "training.epochs=6", factor=2)) == ["training.epochs=6"]


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_numbers_with_decimals_are_multiplied(factor: float) -> None:
    recipe = load_recipe({"optimizer": {"lr": 0.001}, "members": {"a": {}, "b": {"optimizer": {"lr": 0.00002}}}})
    settings = list(for_members(recipe, "optimizer.lr=1", factor))
    changed = member_recipes(load_recipe(recipe.model_dump(mode="json"), settings))
    assert [changed[name].optimizer.lr for name in "ab"] == pytest.approx([0.001 * factor, 0.00002 * factor])
