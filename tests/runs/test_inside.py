from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.data.path_text import PathError, clean_path
from sketchfit.errors import UserError
from sketchfit.files import write_json
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.inside import first_outside, is_relative
from sketchfit.runs.lock import one_writer
from sketchfit.runs.table import TrainingRows, read_training_rows, write_training_rows


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../x.png", "a/../../x.png", "..", "a/..", "\\\\server\\x", "C:/x.png", "a\\..\\b", "", "a\0b"],
)
def test_paths_that_leave_a_folder(path: str) -> None:
    assert not is_relative(path)


@given(st.text())
def test_every_path_that_a_run_writes_is_inside(text: str) -> None:
    try:
        path = clean_path(text)
    except PathError:
        return
    assert is_relative(path)


@pytest.mark.parametrize("bad", ["../secret.png", "/home/me/secret.png"])
def test_rows_with_a_path_outside_are_refused(bad: str, tmp_path: Path) -> None:
    rows = TrainingRows(("a.png", bad), np.array([0, 1]), np.array([0, 1]), np.array([[0, 1]]))
    write_training_rows(tmp_path / "folds.parquet", rows)
    assert len(pd.read_parquet(tmp_path / "folds.parquet")) == 2
    with pytest.raises(UserError, match="not inside the data folder"):
        read_training_rows(tmp_path / "folds.parquet")


def test_links_out_of_a_folder_are_found(tmp_path: Path) -> None:
    root = tmp_path / "data"
    (root / "inside").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    for folder in (root / "inside", tmp_path / "elsewhere"):
        (folder / "x.png").write_bytes(b"x")
    (root / "near").symlink_to("inside")
    (root / "near.png").symlink_to("inside/x.png")
    (root / "far").symlink_to(tmp_path / "elsewhere")
    (root / "far.png").symlink_to("../elsewhere/x.png")
    (tmp_path / "data2").symlink_to("data")
    good = ["inside/x.png", "near/x.png", "near.png", "missing.png", "missing/x.png"]
    for top in (root, tmp_path / "data2"):
        assert first_outside(top, good) is None
        assert first_outside(top, [*good, "far/x.png"]) == "far/x.png"
        assert first_outside(top, [*good, "far.png"]) == "far.png"


@pytest.mark.parametrize("name", ["..", "../x", "/x", "a/b", ".", ""])
def test_a_member_is_a_folder_in_the_run(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        RunFolder(tmp_path).member(name)


@pytest.mark.parametrize("name", ["report", "ensemble", "tracking", "report/drawings"])
def test_a_folder_that_leads_elsewhere_is_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    victim, run = tmp_path / "victim", tmp_path / "run"
    victim.mkdir()
    (run / name).parent.mkdir(parents=True)
    (run / "state.json").write_text("{}")
    (run / name).symlink_to(victim)
    before = sorted(run.rglob("*"))
    with pytest.raises(UserError, match="link to another folder"), one_writer(run):
        pass
    assert sorted(run.rglob("*")) == before
    assert list(victim.iterdir()) == []


def test_networks_may_be_on_another_disk(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "state.json").write_text("{}")
    for name in ("members", "derived"):
        (tmp_path / "run" / name).symlink_to(tmp_path / "disk")
    with one_writer(tmp_path / "run"):
        pass


@pytest.mark.parametrize("name", [".writer.json", "state.json"])
def test_a_file_that_leads_elsewhere_is_never_written(name: str, tmp_path: Path) -> None:
    victim, run = tmp_path / "victim", tmp_path / "run"
    victim.write_text("{}")
    run.mkdir()
    (run / "state.json").write_text("{}")
    (run / name).unlink(missing_ok=True)
    (run / name).symlink_to(victim)
    with one_writer(run):
        write_json(run / name, {"new": 1})
    assert victim.read_text() == "{}"
