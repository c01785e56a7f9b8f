"""`sketchfit augment`: which images and epochs the picture shows."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from sketchfit.commands.augment import AugmentSheet, show_augment, spread_rows, stage_starts
from sketchfit.commands.request import DataRequest
from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from tests.factories import Cli, tiny_recipe

SETTINGS = tiny_recipe(
    {"training": {"epochs": 4}, "transforms": {"curriculum": [{"until": 0.5, "policy": "none"}, {"policy": "light"}]}}
)
CELL = 34


def test_the_picture_shows_each_stage(drawn: Path, tmp_path: Path) -> None:
    picture = show_augment(DataRequest(drawn, SETTINGS, out=tmp_path / "a.png"), AugmentSheet(rows=3, samples=4))
    assert picture.shape == (2 * (3 * CELL + 2) + 8, 5 * CELL + 2, 3)
    first, second = picture[: 3 * CELL + 2], picture[3 * CELL + 2 + 8 :]
    columns = [first[:, 2 + CELL * k : CELL + CELL * k] for k in range(5)]
    assert all(np.array_equal(columns[0], column) for column in columns[1:])  # the policy `none`
    columns = [second[:, 2 + CELL * k : CELL + CELL * k] for k in range(5)]
    assert all(not np.array_equal(columns[0], column) for column in columns[1:])
    written = cv2.cvtColor(cv2.imread(str(tmp_path / "a.png")), cv2.COLOR_BGR2RGB)
    assert np.array_equal(written, picture)


def test_one_epoch_can_be_chosen(drawn: Path, tmp_path: Path) -> None:
    picture = show_augment(DataRequest(drawn, SETTINGS, out=tmp_path / "a.png"), AugmentSheet(rows=2, epoch=4))
    assert picture.shape[0] == 2 * CELL + 2
    with pytest.raises(UserError, match="no epoch 5"):
        show_augment(DataRequest(drawn, SETTINGS, out=tmp_path / "a.png"), AugmentSheet(epoch=5))
    assert stage_starts(load_recipe(SETTINGS)) == [0, 2]


def test_rows_are_spread_over_the_classes() -> None:
    label = np.repeat(np.arange(10), 5)
    readable = np.ones(50, bool)
    readable[0] = False
    assert spread_rows(label, readable, 4).tolist() == [1, 15, 30, 45]
    assert len(set(spread_rows(label, readable, 20).tolist())) == 20
    assert len(spread_rows(np.zeros(3, np.int64), np.ones(3, bool), 9)) == 3


def test_the_command(drawn: Path, tiny_file: Path, tmp_path: Path, cli: Cli) -> None:
    assert cli("augment", drawn, "--recipe", tiny_file, "--rows", 2, "--draws", 2, "--out", tmp_path / "x.png")[0] == 0
    assert cv2.imread(str(tmp_path / "x.png")).shape[:2] == (2 * CELL + 2, 3 * CELL + 2)
