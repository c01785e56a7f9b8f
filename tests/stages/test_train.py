"""Which rows a run scores, and which networks predict its test rows."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from sketchfit.commands.request import DataRequest
from sketchfit.commands.run import run
from sketchfit.config.load import load_recipe
from sketchfit.data.folds import Fold
from sketchfit.errors import RecipeError
from sketchfit.runs.artefacts import PlannedUnit, RunPlan
from sketchfit.runs.probabilities import read_probabilities
from sketchfit.runs.run import Run
from sketchfit.stages import train as module
from sketchfit.stages.context import RunState
from sketchfit.stages.train import read_planned
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


ROWS = np.arange(15)
PART = ROWS // 5
THREE_FOLDS = tuple(Fold(number, ROWS[number != PART], ROWS[number == PART]) for number in range(3))


def _planned(
    monkeypatch: pytest.MonkeyPatch, done: dict[str, tuple[int | None, ...]], group: NDArray[np.int64] | None = None
) -> tuple[set[str], list[int]]:
    """Read the members of a plan with these finished folds; return those that are combined, and their common folds."""
    monkeypatch.setattr(module, "_read_current", lambda context, member, fold: SimpleNamespace(rows=fold.valid))
    monkeypatch.setattr(module, "_with_networks", lambda context, state: state)
    units = tuple(
        PlannedUnit(key=f"{name}/{fold}", kind="network", member=name, fold=fold, status="done")
        for name, folds in done.items()
        for fold in folds
    )
    members = {name: cast(Any, SimpleNamespace(name=name)) for name in done}
    state = RunState(members=members, folds=THREE_FOLDS, group=group)
    found = read_planned(cast(Any, None), state, RunPlan(seconds=60.0, units=units))
    assert set(found.members) == set(found.trained)
    return set(found.trained), [fold.number for fold in found.folds]


def test_members_without_a_common_fold_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _planned(monkeypatch, {"k": (None,), "a": (1,), "b": (1, 2)}) == ({"k", "a", "b"}, [1])
    assert _planned(monkeypatch, {"k": (None,), "a": (1,), "b": (0,)}) == ({"k", "a"}, [1])
    assert _planned(monkeypatch, {"k": (None,), "a": (1,), "b": (0, 2)}) == ({"k", "b"}, [0, 2])


def test_members_are_left_out_until_the_common_folds_have_two_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _planned(monkeypatch, {"k": (None,), "a": (1,)}, PART) == ({"k"}, [0, 1, 2])
    assert _planned(monkeypatch, {"k": (None,), "a": (1, 2)}, PART) == ({"k", "a"}, [1, 2])
    assert _planned(monkeypatch, {"k": (None,), "a": (1,)}, ROWS // 2) == ({"k", "a"}, [1])
