"""The commands around the levers, through the command line."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from sketchfit.cli.main import app
from sketchfit.commands.augment import AugmentSheet, show_augment, spread_rows, stage_starts
from sketchfit.commands.lr_find import RateRange, lr_find
from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.synthetic import draw_dataset
from tests.factories import tiny_recipe

RECIPE = tiny_recipe({"training": {"epochs": 4}})
CURRICULUM = {"curriculum": [{"until": 0.5, "policy": "none"}, {"policy": "light"}]}


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_dataset(tmp_path_factory.mktemp("drawn"), classes=4, per_class=8, test_per_class=1, seed=1).out


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))


def test_the_grid_shows_each_stage(drawings, tmp_path):
    sheet = show_augment(
        drawings, {**RECIPE, "transforms": CURRICULUM}, out=tmp_path / "a.png", show=AugmentSheet(3, 4)
    )
    cell = 34
    assert sheet.shape == (2 * (3 * cell + 2) + 8, 5 * cell + 2, 3)
    first = sheet[: 3 * cell + 2]
    columns = [first[:, 2 + cell * k : 34 + cell * k] for k in range(5)]
    assert all(np.array_equal(columns[0], column) for column in columns[1:])  # policy none
    second = sheet[3 * cell + 2 + 8 :]
    columns = [second[:, 2 + cell * k : 34 + cell * k] for k in range(5)]
    assert all(not np.array_equal(columns[0], column) for column in columns[1:])
    written = cv2.cvtColor(cv2.imread(str(tmp_path / "a.png")), cv2.COLOR_BGR2RGB)
    assert np.array_equal(written, sheet)


def test_one_epoch_can_be_asked_for(drawings, tmp_path):
    settings = {**RECIPE, "transforms": CURRICULUM}
    assert (
        show_augment(drawings, settings, out=tmp_path / "a.png", show=AugmentSheet(2, epoch=4)).shape[0] == 2 * 34 + 2
    )
    with pytest.raises(UserError, match="no epoch 5"):
        show_augment(drawings, settings, out=tmp_path / "a.png", show=AugmentSheet(epoch=5))
    assert stage_starts(load_recipe(settings)) == [0, 2]


def test_rows_are_spread_over_the_classes():
    label = np.repeat(np.arange(10), 5)
    readable = np.ones(50, bool)
    readable[0] = False
    assert spread_rows(label, readable, 4).tolist() == [1, 15, 30, 45]
    assert len(set(spread_rows(label, readable, 20).tolist())) == 20
    assert len(spread_rows(np.zeros(3, int), np.ones(3, bool), 9)) == 3


def test_the_range_test_suggests_a_rate_that_lowers_the_loss(drawings, tmp_path):
    found = lr_find(drawings, RECIPE, out=tmp_path / "lr.png", rates=RateRange(1e-5, 10.0, 60))
    assert (tmp_path / "lr.png").read_bytes().startswith(b"\x89PNG")
    assert len(found.rates) == len(found.losses) == len(found.curve) <= 60
    assert 1e-5 < found.suggested < 1
    with pytest.raises(UserError, match="low < high"):
        lr_find(drawings, RECIPE, out=tmp_path / "lr.png", rates=RateRange(1.0, 0.1))


def test_the_commands_are_there(drawings, tmp_path):
    def call(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == 0, result.output
        return result.output

    recipe = ["--recipe", "demo", "--set", "tracking.progress=none", "--set", "compute.threads=1"]
    assert "focal" in call("options", "losses")
    assert "# Every setting" in call("options", "--markdown")
    call("augment", drawings, *recipe, "--rows", 2, "--draws", 2, "--out", tmp_path / "x.png")
    assert (tmp_path / "x.png").is_file()
    call("lr-find", drawings, *recipe, "--steps", 30, "--out", tmp_path / "y.png")
    assert (tmp_path / "y.png").is_file()
    quick = ["--set", "training.epochs=1", "--set", "model.input_size=32", "--set", "audit.enabled=false"]
    ablation = ["--vary", "loss=poly1", "--seeds", 1, "--out", tmp_path / "ab"]
    call("ablate", drawings, *recipe, *quick, "--set", "folds.holdout=0.3", *ablation)
    assert (tmp_path / "ab" / "ablation.html").is_file()
