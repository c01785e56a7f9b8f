"""Spaces of a search: their texts, the usual one, and the recipes of their values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.config.load import load_recipe
from sketchfit.config.search_space import (
    Range,
    ValueList,
    changed_recipe,
    changes_of,
    in_space,
    parse_space,
    usual_space,
)
from sketchfit.config.shipped import shipped_recipes
from sketchfit.errors import RecipeError
from tests.factories import tiny_recipe

BASE = load_recipe(tiny_recipe())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("optimizer.lr=1e-4..3e-3:log", Range("optimizer.lr", 1e-4, 3e-3, logarithmic=True)),
        ("optimizer.lr = 0.1 .. 0.5", Range("optimizer.lr", 0.1, 0.5)),
        ("optimizer.lr=1..3", Range("optimizer.lr", 1, 3)),
        ("loss.smoothing=0..0.2", Range("loss.smoothing", 0.0, 0.2)),
        ("training.epochs=2..9", Range("training.epochs", 2, 9, integer=True)),
        ("training.epochs=2..9:log", Range("training.epochs", 2, 9, logarithmic=True, integer=True)),
        ("model.input_size=32,64", ValueList("model.input_size", ("32", "64"))),
        ("loss=ce,{name: focal, focal_gamma: 1.5}", ValueList("loss", ("ce", "{focal_gamma: 1.5, name: focal}"))),
        ("training.clip_grad=null,1.0,1.0", ValueList("training.clip_grad", ("null", "1.0"))),
    ],
)
def test_texts(text: str, expected: Any) -> None:
    assert parse_space(BASE, [text]) == (expected,)


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        (["optimizer.lr"], "key=value,value"),
        (["=1,2"], "key=value,value"),
        (["optimizer.lr="], "key=value,value"),
        (["optimizer.lr=3..1"], "not below"),
        (["optimizer.lr=1..1"], "not below"),
        (["optimizer.lr=0..1:log"], "above 0"),
        (["optimizer.lr=a..b"], "range"),
        (["optimizer.lr=0.1"], "one value"),
        (["optimizer.lr=0.1,0.1"], "one value"),
        (["optimizer.lr=[0.1,"], "list of values"),
        (["seed=1,2"], "shared by all variants"),
        (["report.enabled=true,false"], "shared by all variants"),
        (["model.nothing=1,2"], "model.nothing"),
        (["loss.smoothing=0..3"], "loss.smoothing"),
        (["training.epochs=1.5..3"], "training.epochs"),
        (["loss=ce,nothing"], "nothing"),
        (["optimizer.lr=1e-3,2e-3", "optimizer.lr=1..2"], "more than once"),
    ],
)
def test_mistakes_are_named(texts: list[str], word: str) -> None:
    with pytest.raises(RecipeError, match=word):
        parse_space(BASE, texts)


def test_all_mistakes_are_reported_together() -> None:
    with pytest.raises(RecipeError) as caught:
        parse_space(BASE, ["loss.smoothing=0..3", "training.epochs=0,-1"])
    assert len(caught.value.problems) >= 2


def test_several_members_are_refused() -> None:
    with pytest.raises(RecipeError, match="several members"):
        parse_space(load_recipe(tiny_recipe({"members": {"a": {}, "b": {"optimizer": {"lr": 0.1}}}})), [])


@pytest.mark.parametrize("name", [name for name in shipped_recipes() if not load_recipe(name).members])
def test_the_usual_space_of_each_shipped_recipe(name: str) -> None:
    recipe = load_recipe(name)
    space = parse_space(recipe, [])
    assert space == usual_space(recipe)
    keys = [one.key for one in space]
    assert {"optimizer.lr", "model.input_size"} <= set(keys)
    for one in space:
        for value in one.ends:
            found = in_space(changed_recipe(recipe, {one.key: value}).recipe, (one,))
            assert found == {one.key: one.rounded(value) if isinstance(one, Range) else value}


def test_policies_are_left_out_where_changes_hold_for_one_policy_alone() -> None:
    changed = load_recipe(tiny_recipe({"transforms": {"policy": "sketch", "drop": ["hflip"]}}))
    assert "transforms.policy" not in [one.key for one in usual_space(changed)]
    assert "transforms.policy" in [one.key for one in usual_space(BASE)]


def test_the_values_of_the_recipe_itself() -> None:
    texts = ["optimizer.lr=1e-3..1e-2:log", "training.epochs=1..4", "model.input_size=32,48", "loss=focal,ce"]
    values = in_space(BASE, parse_space(BASE, texts))
    assert values == {"optimizer.lr": 2e-3, "training.epochs": 2, "model.input_size": "32", "loss": "ce"}
    assert changed_recipe(BASE, values).recipe == BASE
    assert in_space(BASE, parse_space(BASE, ["optimizer.lr=1e-2..1e-1"])) is None
    assert in_space(BASE, parse_space(BASE, ["model.input_size=48,64"])) is None


def test_the_name_and_the_changes_of_a_recipe() -> None:
    values: dict[str, Any] = {"loss": "focal", "optimizer.lr": 0.004, "model.input_size": "48"}
    found = changed_recipe(BASE, values)
    assert found.name == "loss=focal optimizer.lr=0.004 model.input_size=48"
    assert (found.recipe.loss.name, found.recipe.optimizer.lr, found.recipe.model.size) == ("focal", 0.004, 48)
    assert changes_of(BASE, values) == {
        "loss": {"name": "focal"},
        "optimizer": {"lr": 0.004},
        "model": {"input_size": 48},
    }


@given(st.floats(1e-6, 1e3), st.floats(1.001, 1e4), st.floats(0, 1))
def test_rounded_numbers_stay_in_their_range(low: float, ratio: float, share: float) -> None:
    one = Range("optimizer.lr", low, low * ratio)
    value = min(low + share * (one.high - low), one.high)
    rounded = one.rounded(value)
    assert one.low <= rounded <= one.high
    assert rounded == pytest.approx(value, rel=1e-3)
    assert one.rounded(float(rounded)) == rounded
    assert one.rounded(one.low) == one.low
    assert one.rounded(one.high) == one.high
