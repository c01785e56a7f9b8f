"""Sections whose settings depend on their name: the loss and the head."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from sketchfit.config.head import HeadSection
from sketchfit.config.load import load_recipe
from sketchfit.config.loss import LossSection
from sketchfit.config.overrides import merge
from sketchfit.config.parse import member_recipes
from sketchfit.config.scope import training_settings
from sketchfit.errors import UserError
from sketchfit.training.losses.focal import Focal
from sketchfit.training.losses.symmetric import SymmetricCrossEntropy


def test_the_name_chooses_the_settings() -> None:
    assert load_recipe("cpu", ["loss=focal"]).loss == Focal()
    recipe = load_recipe("cpu", {"loss": {"name": "focal", "focal_gamma": 1.5}, "model": {"head": "mlp"}})
    assert recipe.loss == Focal(focal_gamma=1.5)
    settings = recipe.model_dump(mode="json")
    assert settings["loss"]["focal_gamma"] == 1.5
    assert settings["model"]["head"] == {"name": "mlp", "dropout": 0.0, "hidden": 0, "norm": True}
    assert load_recipe(settings) == recipe


@pytest.mark.parametrize(
    ("loss", "where", "what"),
    [
        ("focl", "loss.name", "'focal'"),
        ({"name": "focal", "focal_gama": 1}, "loss.focal_gama", "'loss.focal_gamma'"),
        ({"name": "focal", "focal_gamma": -1}, "loss.focal_gamma", "greater than or equal to 0"),
        ({"name": "ce", "focal_gamma": 3}, "loss.focal_gamma", "only focal"),
        ({"nme": "focal"}, "loss.nme", "'loss.name'"),
        (3, "loss", "mapping"),
    ],
)
def test_a_mistake_names_the_key_and_what_is_allowed(loss: Any, where: str, what: str) -> None:
    with pytest.raises(UserError) as caught:
        load_recipe("cpu", {"loss": loss})
    (problem,) = caught.value.problems
    assert where in problem
    assert what in problem


def test_complete_recipes_of_earlier_versions_load() -> None:
    """They have the settings of all losses, at their defaults."""
    everything = {key: field.default for key, field in LossSection.all_fields().items() if not field.is_required()}
    assert LossSection.model_validate({**everything, "name": "sce", "sce_beta": 0.3}) == SymmetricCrossEntropy(
        sce_beta=0.3
    )


def test_another_name_leaves_out_the_former_settings() -> None:
    base = {"loss": {"name": "focal", "focal_gamma": 3.0, "smoothing": 0.2}}
    assert merge(base, {"loss": {"name": "ce"}}) == {"loss": {"name": "ce", "smoothing": 0.2}}
    assert merge(base, {"loss": {"smoothing": 0.0}})["loss"]["focal_gamma"] == 3.0
    recipe = load_recipe({**base, "members": {"a": {}, "b": {"loss": {"name": "sce"}}}})
    losses = {name: member.loss for name, member in member_recipes(recipe).items()}
    assert losses == {
        "a": Focal(focal_gamma=3.0, smoothing=0.2),
        "b": SymmetricCrossEntropy(smoothing=0.2),
    }


def test_settings_after_a_name_alone_are_added_to_it() -> None:
    recipe = load_recipe("cpu", ["loss=focal", "loss.focal_gamma=1.5", "schedule=step", "schedule.gamma=0.5"])
    assert recipe.loss == Focal(focal_gamma=1.5)
    assert (recipe.schedule.name, recipe.schedule.gamma) == ("step", 0.5)


def test_settings_after_the_use_of_a_kernel_head_are_added_to_it() -> None:
    kernel = load_recipe("cpu", ["training.kernel=replace", "training.kernel.head=ridge"]).training.kernel
    assert (kernel.use, kernel.head) == ("replace", "ridge")


def test_fingerprints_do_not_depend_on_which_settings_a_loss_has() -> None:
    """Trainings from before losses had settings of their own are still valid."""
    ce, focal = (training_settings(load_recipe("cpu", [f"loss={name}"]).model_dump()) for name in ("ce", "focal"))
    assert ce["loss"] | {"name": "focal"} == focal["loss"]
    assert ce["loss"].keys() == LossSection.all_fields().keys()
    assert ce["model"]["head"].keys() == HeadSection.all_fields().keys()


def test_recipes_are_checked_without_torch() -> None:
    code = "import sys; from sketchfit.config.load import load_recipe; load_recipe('cpu', ['loss=focal'])"
    subprocess.run([sys.executable, "-c", f"{code}; assert 'torch' not in sys.modules"], check=True)
