"""Which runs and submissions an ensemble takes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sketchfit.commands.ensemble import combine, parse_submissions
from sketchfit.errors import UserError


def test_a_run_that_is_named_twice_is_refused(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Path(shutil.copytree(plain, tmp_path / "run"))
    (tmp_path / "link").symlink_to(run, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    for other in (run, Path("run"), Path("link"), Path("link/../run")):
        with pytest.raises(UserError, match=f"{other} is named more than once"):
            combine([run, other], tmp_path / "both")
    assert not (tmp_path / "both").exists()


def test_submissions_are_a_path_and_an_accuracy() -> None:
    assert parse_submissions(["a=b.csv=0.9", "c.csv=0.5"]) == {Path("a=b.csv"): 0.9, Path("c.csv"): 0.5}
    with pytest.raises(UserError, match="FILE=ACCURACY"):
        parse_submissions(["a.csv"])
    with pytest.raises(UserError, match="more than once"):
        parse_submissions(["a.csv=0.9", "a.csv=0.8"])
