from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sketchfit.commands import time_variants as module
from sketchfit.commands.time_variants import time_variants
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.recipe import read_recipe

CPU = torch.device("cpu")


def test_variants_with_the_same_network_share_a_measurement(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, folder = read_recipe(plain / "recipe.yaml"), RunFolder(plain)
    other = recipe.model_copy(update={"seed": 7})
    larger = recipe.model_copy(update={"model": recipe.model.model_copy(update={"input_size": 64})})
    measured: list[int] = []
    real = module.fastest
    monkeypatch.setattr(module, "fastest", lambda runs: measured.append(len(runs)) or real(runs))
    assert time_variants([recipe, other], [folder] * 2, 4, CPU) == [None, None]
    found = time_variants([recipe, larger, other], [folder] * 3, 4, CPU)
    assert measured == [2]
    assert found[0] == found[2]
    assert all(time is not None and time > 0 for time in found)


def test_without_networks_nothing_is_measured(plain: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recipe = read_recipe(plain / "recipe.yaml")
    larger = recipe.model_copy(update={"model": recipe.model.model_copy(update={"input_size": 64})})
    caplog.set_level("INFO")
    assert time_variants([recipe, larger], [RunFolder(tmp_path)] * 2, 4, CPU) == [None, None]
    assert "not measured" in caplog.text
