"""Which rows a run scores, and which networks predict its test rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sketchfit.commands.request import DataRequest
from sketchfit.commands.run import run
from sketchfit.config.load import load_recipe
from sketchfit.errors import RecipeError
from sketchfit.runs.probabilities import read_probabilities
from sketchfit.runs.run import Run
from sketchfit.training.fold import read_fold
from tests.factories import Cli, tiny_recipe


@pytest.mark.parametrize("score", [[1], [2, 0]])
def test_rows_of_scored_folds_alone_are_out_of_fold_and_all_networks_predict(
    drawn: Path, tmp_path: Path, score: list[int]
) -> None:
    recipe = tiny_recipe({"folds": {"k": 3, "score": score}, "training": {"epochs": 1}})
    run(DataRequest(drawn, recipe, out=tmp_path / "run"))
    found = Run.open(tmp_path / "run")
    oof = read_probabilities(found.path / "ensemble" / "oof.npz")
    np.testing.assert_array_equal(oof.row, np.flatnonzero(np.isin(found.rows.fold, score)))
    results = [read_fold(found.folder.network("test_resnet", fold)) for fold in range(3)]
    for fold in score:
        mine = np.isin(oof.row, results[fold].rows)
        np.testing.assert_allclose(oof.prob[mine], results[fold].oof[np.argsort(results[fold].rows)], atol=1e-6)
    expected = np.mean([one.test for one in results], axis=0)
    np.testing.assert_allclose(read_probabilities(found.path / "ensemble" / "test.npz").prob, expected, atol=1e-6)


def test_every_stage_works_where_one_fold_is_scored(drawn: Path, tmp_path: Path, cli: Cli) -> None:
    recipe = tiny_recipe(
        {
            "folds": {"k": 3, "score": [2]},
            "training": {"epochs": 1},
            "inference": {"views": ["hflip"]},
            "calibration": {"method": "temperature"},
            "audit": {"enabled": True},
            "claim": {"enabled": True},
            "report": {"enabled": True},
            "refit": {"enabled": True},
        }
    )
    out = tmp_path / "run"
    run(DataRequest(drawn, recipe, out=out))
    assert (out / "submission.csv").is_file()
    for command in (["report", out], ["predict", out, next(drawn.glob("test/*.*"))], ["submit", out]):
        status, _, errors = cli(*command)
        assert status == 0, errors


@pytest.mark.parametrize(
    ("folds", "word"),
    [
        ({"k": 3, "score": [3]}, "score names the folds"),
        ({"k": 3, "train": [0, 1], "score": [2]}, "train leaves out"),
        ({"k": 3, "score": []}, "score"),
        ({"holdout": 0.2, "score": [1]}, "score names the folds"),
    ],
)
def test_folds_that_cannot_be_scored(folds: dict[str, object], word: str) -> None:
    with pytest.raises(RecipeError, match=word):
        load_recipe(tiny_recipe({"folds": folds}))


@pytest.mark.parametrize(
    "changes",
    [
        {"pseudo_label": {"enabled": True}},
        {"distill": {"enabled": True}},
        {"soup": {"members": "uniform"}},
        {"soup": {"folds": True}},
    ],
)
def test_what_uses_the_networks_of_all_folds_is_refused(
    drawn: Path, tmp_path: Path, changes: dict[str, object]
) -> None:
    (section,) = changes
    with pytest.raises(RecipeError, match=rf"{section}.*folds\.score"):
        DataRequest(drawn, tiny_recipe({"folds": {"k": 3, "score": [1]}, **changes}), out=tmp_path).checked_recipe()


def test_folds_of_a_column_that_cannot_be_scored(drawn: Path, tmp_path: Path) -> None:
    data = shutil.copytree(drawn, tmp_path / "data")
    table = pd.read_csv(data / "train.csv")
    table.assign(part=np.arange(len(table)) % 3).to_csv(data / "train.csv", index=False)
    recipe = tiny_recipe({"folds": {"column": "part", "score": [9]}})
    with pytest.raises(RecipeError, match=r"folds\.score"):
        run(DataRequest(data, recipe, out=tmp_path / "run"))
