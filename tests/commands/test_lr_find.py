"""`sketchfit lr-find`: the learning-rate range test."""

from __future__ import annotations

from pathlib import Path

import pytest

from sketchfit.commands.lr_find import RateRange, lr_find
from sketchfit.commands.request import DataRequest
from sketchfit.errors import UserError
from tests.factories import Cli, tiny_recipe

PNG = b"\x89PNG"


def test_the_suggested_rate_is_within_the_range(drawn: Path, tmp_path: Path) -> None:
    found = lr_find(DataRequest(drawn, tiny_recipe(), out=tmp_path / "lr.png"), RateRange(1e-5, 10.0, 60))
    assert (tmp_path / "lr.png").read_bytes().startswith(PNG)
    assert len(found.rates) == len(found.losses) == len(found.curve) <= 60
    assert 1e-5 < found.suggested < 1


def test_rates_that_fall_are_refused(drawn: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="low < high"):
        lr_find(DataRequest(drawn, tiny_recipe(), out=tmp_path / "lr.png"), RateRange(1.0, 0.1))


def test_a_recipe_without_training_is_refused(drawn: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe({"training": {"epochs": 0, "kernel": "replace"}})
    with pytest.raises(UserError, match="epochs=0"):
        lr_find(DataRequest(drawn, recipe, out=tmp_path / "lr.png"))
    assert not (tmp_path / "lr.png").exists()


def test_the_command(drawn: Path, tiny_file: Path, tmp_path: Path, cli: Cli) -> None:
    assert cli("lr-find", drawn, "--recipe", tiny_file, "--steps", 30, "--out", tmp_path / "y.png")[0] == 0
    assert (tmp_path / "y.png").read_bytes().startswith(PNG)
