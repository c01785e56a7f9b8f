"""Every command that writes into a folder is refused while another process writes there, before it changes anything."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from sketchfit.runs.lock import Writer, one_writer
from tests.factories import Cli

COMMANDS = {
    "run": ("run", "DATA", "--recipe", "RECIPE", "--out", "RUN"),
    "fresh": ("run", "DATA", "--recipe", "RECIPE", "--out", "RUN", "--fresh"),
    "in time": ("run", "DATA", "--recipe", "RECIPE", "--out", "NEW", "--time", "60s"),
    "fit": ("fit", "DATA", "--recipe", "RECIPE", "--out", "NEW"),
    "soup": ("soup", "RUN"),
    "distill": ("distill", "RUN"),
    "pseudo-label": ("pseudo-label", "RUN"),
    "report": ("report", "RUN"),
    "submit": ("submit", "RUN"),
    "ensemble": ("ensemble", "PLAIN", "RUN", "--out", "NEW"),
    "scout": ("scout", "DATA", "--recipe", "RECIPE", "--out", "NEW", "--candidates", "test_resnet"),
    "ablate": ("ablate", "DATA", "--recipe", "RECIPE", "--out", "NEW", "--vary", "optimizer.lr=0.1"),
    "search": ("search", "DATA", "--recipe", "RECIPE", "--out", "NEW", "--trials", "2"),
    "audit": ("audit", "DATA", "--set", "claim.enabled=false", "--html", "NEW"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_second_writer_ends_at_once(
    name: str, plain: Path, drawn: Path, tiny_file: Path, tmp_path: Path, cli: Cli
) -> None:
    places = {
        "DATA": drawn,
        "RECIPE": tiny_file,
        "PLAIN": plain,
        "RUN": shutil.copytree(plain, tmp_path / "run"),
        "NEW": tmp_path / "new",
    }
    arguments = [places.get(text, text) for text in COMMANDS[name]]
    with one_writer(tmp_path / "run"), one_writer(tmp_path / "new"):
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
        status, _, errors = cli(*arguments)
        assert status == 2
        assert f"process {os.getpid()} on {Writer.this().host}" in errors
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["predict", "score", "compare", "runs"])
def test_reading_needs_no_lock(name: str, plain: Path, drawn: Path, tmp_path: Path, cli: Cli) -> None:
    run = shutil.copytree(plain, tmp_path / "run")
    commands = {
        "predict": (run, next(drawn.glob("test/*.*"))),
        "score": (run, drawn / "test_labels.csv"),
        "compare": (plain, run, "--out", tmp_path / "page.html"),
        "runs": (tmp_path,),
    }
    with one_writer(run):
        status, _, errors = cli(name, *commands[name])
        assert status == 0, errors
