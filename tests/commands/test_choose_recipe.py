from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from sketchfit.commands.choose_recipe import choose_recipe
from sketchfit.config.shipped import shipped_recipes
from sketchfit.errors import UserError


def _device(monkeypatch: pytest.MonkeyPatch, gigabytes: float | None) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gigabytes is not None)
    found = SimpleNamespace(name="a GPU", total_memory=int((gigabytes or 0) * 2**30))
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: found)


@pytest.mark.parametrize(
    ("gigabytes", "name"),
    [(None, "cpu"), (4.0, "cpu"), (7.8, "gpu-8gb"), (14.7, "gpu-16gb"), (23.6, "strong"), (79.1, "gpu-80gb")],
)
def test_the_recipe_is_that_of_the_device(monkeypatch: pytest.MonkeyPatch, gigabytes: float | None, name: str):
    _device(monkeypatch, gigabytes)
    assert choose_recipe(["tracking.progress=none"]) == name
    assert name in shipped_recipes()


def test_a_device_that_is_named_counts(monkeypatch: pytest.MonkeyPatch):
    _device(monkeypatch, 23.6)
    assert choose_recipe(["compute.device=cpu", "tracking.progress=none"]) == "cpu"
    assert choose_recipe(["compute.device=cuda", "tracking.progress=none"]) == "strong"


def test_candidates_are_trained_by_the_recipe_that_a_plan_adapts(monkeypatch: pytest.MonkeyPatch):
    _device(monkeypatch, 79.1)
    assert choose_recipe(["tracking.progress=none"], candidates=True) == "cpu"


def test_a_mistake_in_the_settings_is_refused():
    with pytest.raises(UserError):
        choose_recipe(["nonsense=1"])
