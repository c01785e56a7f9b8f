from __future__ import annotations

from dataclasses import replace

import pytest

from sketchfit.config.load import load_recipe
from sketchfit.config.problems import setting_names
from sketchfit.config.recipe import Recipe
from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.reporting.run.advice import give_advice
from sketchfit.reporting.run.findings import Findings
from sketchfit.reporting.run.slices import Slice

FINE = Findings(
    accuracy=0.8,
    train_accuracy=0.85,
    before_last_valid=0.8,
    last_valid=0.8,
    ece=0.02,
    temperature=1.0,
    slices=(),
    changes={},
    doubtful=0,
    labels=1000,
    smallest_class=30,
    largest_class=30,
)
RECIPE = Recipe()
WEAK = Slice("inverted", "light on dark", Estimate(0.4, 0.3, 0.5, 90), -0.4, 1e-6, 1e-5)
WORSE = Difference(-0.3, -0.35, -0.25, 0.001, 300)


def test_no_rule_applies_to_a_good_run() -> None:
    assert give_advice(FINE, RECIPE) == []


@pytest.mark.parametrize(
    ("changed", "setting"),
    [
        ({"last_valid": 0.85}, f"training.epochs={2 * RECIPE.training.epochs}"),
        ({"train_accuracy": 0.6, "accuracy": 0.6}, "model.backbone"),
        ({"train_accuracy": 0.99}, "transforms.policy=sketch"),
        ({"slices": (WEAK,)}, "transforms.add"),
        ({"changes": {"thinned": WORSE}}, "transforms.policy=medium"),
        ({"changes": {"flipped left to right": WORSE}}, "transforms.policy=flips"),
        ({"doubtful": 40}, "data.relabel"),
        ({"ece": 0.1, "temperature": 1.8}, "calibration.method=temperature"),
        ({"ece": 0.1, "temperature": 0.5}, "calibration.method=temperature"),
        ({"contradiction": "claim 67 %, without labels 58 %"}, "folds.group"),
        ({"contradiction": "claim 67 %, without labels 58 %", "drifted": True}, "transforms.add"),
        ({"smallest_class": 5, "largest_class": 60}, "loss.class_weights=effective"),
    ],
)
def test_each_rule_recommends_a_setting_that_exists(changed: dict[str, object], setting: str) -> None:
    (advice,) = give_advice(replace(FINE, **changed), RECIPE)
    assert advice.setting == setting
    assert all((advice.title, advice.evidence, advice.advice, advice.rule))
    key, equals, _ = advice.setting.partition("=")
    assert key in set(setting_names())
    if equals:
        load_recipe("cpu", [advice.setting])


def test_separated_rows_are_an_objection_only_where_the_grouping_is_set_by_hand() -> None:
    found = replace(FINE, separated=("name:^(.+)_",))
    assert give_advice(found, RECIPE) == []
    (advice,) = give_advice(found, load_recipe("cpu", ["folds.group=none"]))
    assert advice.setting == "folds.group=auto"
    assert "name:^(.+)_" in advice.evidence
    load_recipe("cpu", [advice.setting])


def test_every_slice_has_a_setting_that_exists() -> None:
    for trait in ("line width over size", "colour", "objects", "orientation", "sharpness", "anything"):
        (advice,) = give_advice(replace(FINE, slices=(replace(WEAK, trait=trait),)), RECIPE)
        key, equals, _ = advice.setting.partition("=")
        assert key in set(setting_names())
        if equals:
            load_recipe("cpu", [advice.setting])


@pytest.mark.parametrize("name", ["turned by 180°", "flipped top to bottom"])
def test_rare_changes_give_no_advice(name: str) -> None:
    assert give_advice(replace(FINE, changes={name: WORSE}), RECIPE) == []


def test_flips_are_not_recommended_for_classes_with_a_direction() -> None:
    found = replace(FINE, changes={"flipped left to right": WORSE}, directed=("left → right",))
    assert give_advice(found, RECIPE) == []
    (advice,) = give_advice(found, load_recipe("cpu", ["transforms.mirror=keep"]))
    assert advice.setting == "transforms.mirror=auto"
    assert "left → right" in advice.evidence
    load_recipe("cpu", [advice.setting])


@pytest.mark.parametrize(
    ("train", "pretrained", "setting"),
    [
        (0.53, True, "optimizer.lr"),
        (None, True, "optimizer.lr"),
        (0.53, False, "model.pretrained=true"),
        (0.99, True, "data.label_column"),
    ],
)
def test_a_model_at_chance_is_an_objection(train: float | None, pretrained: bool, setting: str) -> None:
    found = replace(FINE, accuracy=0.52, lowest=0.45, guessing=0.5, train_accuracy=train)
    recipe = load_recipe("cpu", [f"model.pretrained={str(pretrained).lower()}"])
    first = give_advice(found, recipe)[0]
    assert first.setting == setting
    assert "52.0" in first.evidence
    assert setting.partition("=")[0] in set(setting_names())
