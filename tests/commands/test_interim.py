"""`report` and `submit` of a run in progress: another process writes into its folder, and nothing in it changes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from sketchfit.own_system import scope
from sketchfit.runs.lock import one_writer
from tests.factories import Cli

QUICK = ("--set", "report.attribution=0", "--set", "report.robustness=0", "--set", "report.embedding=0")


@pytest.fixture
def run(plain: Path, tmp_path: Path) -> Path:
    """A run whose second fold is being trained."""
    folder = Path(shutil.copytree(plain, tmp_path / "run"))
    (folder / "finished.json").unlink()
    shutil.rmtree(folder / "ensemble")
    next(folder.glob("members/*/fold1/done.json")).unlink()
    return folder


def times(folder: Path) -> dict[str, int]:
    return {
        path.name: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"
    }


def test_a_run_in_progress_is_reported_and_submitted_elsewhere(
    run: Path, tmp_path: Path, cli: Cli, caplog: pytest.LogCaptureFixture
) -> None:
    page, csv = tmp_path / "page", tmp_path / "answers.csv"
    with one_writer(run):
        before = times(run)
        status, printed, errors = cli("submit", run, "--partial", "--out", csv)
        assert status == 0, errors
        assert "fold1" in printed + errors + caplog.text
        status, _, errors = cli("report", run, "--partial", "--out", page, *QUICK)
        assert status == 0, errors
        assert times(run) == before
    network = next(run.glob("members/*/fold0"))
    assert len(pd.read_csv(csv)) == 12
    text = (page / "index.html").read_text(encoding="utf-8")
    assert "is not finished" in text
    assert f"{network.parent.name} (fold 0)" in text
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (page / f".index.html.{ended.pid}-{scope()}.part").write_text("of a report that was killed")
    (page / ".DS_Store").touch()
    (tmp_path / "link").symlink_to("target")
    for again in (page, tmp_path / "new", tmp_path / "link"):  # an earlier report is replaced
        assert cli("report", run, "--partial", "--out", again, *QUICK)[0] == 0
        assert list(again.glob(".*.part")) == []
    assert (tmp_path / "target" / "index.html").is_file()


def test_without_another_place_or_a_note_it_is_refused(run: Path, tmp_path: Path, cli: Cli) -> None:
    with one_writer(run):
        for command in (("report", run, "--partial"), ("submit", run, "--partial")):
            status, _, errors = cli(*command)
            assert (status, "--out" in errors) == (2, True)
    for command in (("report", run, "--out", tmp_path / "page"), ("submit", run, "--out", tmp_path / "new.csv")):
        status, _, errors = cli(*command)
        assert (status, "--partial" in errors) == (2, True)
    assert not (tmp_path / "page").exists()
    assert not (tmp_path / "new.csv").exists()


@pytest.mark.parametrize("name", ["/proc/new", "file/new", "loop"])
def test_a_place_that_cannot_be_made_is_found_before_the_work(
    name: str, plain: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.setattr("sketchfit.commands.report.write_report", lambda *_, **__: pytest.fail("work began"))
    status, _, errors = cli("report", plain, "--out", tmp_path / name)
    assert (status, "cannot be written" in errors) == (2, True)


@pytest.mark.parametrize("name", ["drawings/cat.webp", "notes.txt", "index.html/inside"])
def test_a_folder_of_others_is_no_place_for_a_report(name: str, plain: Path, tmp_path: Path, cli: Cli) -> None:
    path = tmp_path / "mine" / name
    path.parent.mkdir(parents=True)
    path.write_text("kept")
    status, _, errors = cli("report", plain, "--out", tmp_path / "mine")
    assert (status, name.partition("/inside")[0] in errors) == (2, True)
    assert path.read_text() == "kept"
