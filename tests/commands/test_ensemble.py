"""Which runs and submissions an ensemble takes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from sketchfit.api.run import run
from sketchfit.commands.ensemble import combine, parse_submissions
from sketchfit.errors import UserError
from sketchfit.runs.run import Run
from tests.factories import tiny_recipe


def test_a_run_that_is_named_twice_is_refused(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Path(shutil.copytree(plain, tmp_path / "run"))
    (tmp_path / "link").symlink_to(run, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    for other in (run, Path("run"), Path("link"), Path("link/../run")):
        with pytest.raises(UserError, match=f"{other} is named more than once"):
            combine([run, other], tmp_path / "both")
    assert not (tmp_path / "both").exists()


def test_runs_of_different_folds_are_combined_on_the_rows_that_both_have_validated(drawn: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe({"folds": {"k": 3}, "training": {"epochs": 1}})
    for name, train in (("a", [0, 1]), ("b", [1, 2]), ("c", [2])):
        run(drawn, recipe, {"folds": {"train": train}}, out=tmp_path / name)
    steps = combine([tmp_path / "a", tmp_path / "b"], tmp_path / "both")
    both, first = Run.open(tmp_path / "both"), Run.open(tmp_path / "a")
    assert both.oof().row.tolist() == np.flatnonzero(first.rows.fold == 1).tolist()
    assert steps[0].top1.n == len(both.oof())
    assert len(both.test()) == len(first.test())
    with pytest.raises(UserError, match="no row is validated by all of a, c"):
        combine([tmp_path / "a", tmp_path / "c"], tmp_path / "none")


def test_submissions_are_a_path_and_an_accuracy() -> None:
    assert parse_submissions(["a=b.csv=0.9", "c.csv=0.5"]) == {Path("a=b.csv"): 0.9, Path("c.csv"): 0.5}
    with pytest.raises(UserError, match="FILE=ACCURACY"):
        parse_submissions(["a.csv"])
    with pytest.raises(UserError, match="more than once"):
        parse_submissions(["a.csv=0.9", "a.csv=0.8"])
