from __future__ import annotations

import pytest

from sketchfit.config.load import load_recipe
from sketchfit.config.scope import (
    COMPLETED,
    can_be_varied,
    keys_that_decide,
    member_sections,
    settings,
    training_settings,
)
from sketchfit.config.shipped import shipped_recipes

SECTIONS = {
    "seed",
    "data",
    "folds",
    "model",
    "transforms",
    "loss",
    "optimizer",
    "schedule",
    "training",
    "averaging",
    "members",
}


@pytest.mark.parametrize("name", shipped_recipes())
def test_what_decides_a_training(name):
    """These sections without five keys, two keys of `compute` and one of `audit`."""
    whole = load_recipe(name, ["compute.precision=bf16", "audit.enabled=false"]).model_dump(mode="json")
    expected = {key: whole[key] for key in SECTIONS}
    free = (("data", "cache", "missing"), ("folds", "train", "score"), ("training", "checkpoint_minutes", "on_nan"))
    for section, *keys in free:
        expected[section] = {key: value for key, value in whole[section].items() if key not in keys}
    expected["compute"] = {"precision": "bf16", "channels_last": whole["compute"]["channels_last"]}
    expected["audit"] = {"enabled": False}
    expected["loss"] |= COMPLETED["loss"]
    expected["model"]["head"] |= COMPLETED["head"]
    del expected["model"]["freeze"]["depthwise"]
    assert training_settings(whole) == expected


def test_settings_that_came_later_count_where_they_change_a_training():
    whole = load_recipe("demo").model_dump(mode="json")
    usual = training_settings(whole)
    whole["compute"]["products"] = "fp32"
    assert training_settings(whole) == usual
    del whole["compute"]["products"], whole["model"]["freeze"]["depthwise"]
    assert training_settings(whole) == usual
    whole["compute"]["products"] = "bf16"
    whole["model"]["freeze"]["depthwise"] = "frozen"
    found = training_settings(whole)
    assert found["compute"] == usual["compute"] | {"products": "bf16"}
    assert found["model"]["freeze"] == usual["model"]["freeze"] | {"depthwise": "frozen"}


def test_a_setting_of_another_version_counts():
    assert training_settings({"model": {"gone": 1}, "report": {"gone": 2}}) == {"model": {"gone": 1}}


def test_every_setting_has_a_scope():
    scopes = {setting.key: setting.scope for setting in settings()}
    assert all(scope.owner and scope.decides for scope in scopes.values())
    assert scopes["model.head.name"].owner == "member"
    assert scopes["folds.k"].owner == "run"
    assert scopes["inference.views"].decides == "results"
    assert {"data.cache", "compute.threads", "tracking.progress", "report.gallery"} <= keys_that_decide("nothing")
    assert "folds.train" in keys_that_decide("results")


def test_what_a_member_can_change():
    assert member_sections() == SECTIONS - {"folds", "members"} | {"compute", "inference"}


@pytest.mark.parametrize(
    ("key", "possible"),
    [
        ("model.backbone", True),
        ("loss", True),
        ("compute.precision", True),
        ("compute.device", False),
        ("training.epoch", True),  # reported as an unknown key
        ("seed", False),
        ("folds.k", False),
        ("inference.views", False),
        ("nothing", False),
    ],
)
def test_what_an_ablation_can_vary(key, possible):
    assert can_be_varied(key) is possible
