"""Complete commands in a simulation of Windows; see `tests.windows`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sketchfit.names import name_problem

ILLEGAL = re.compile(r'[<>:"\\|?*\x00-\x1f]|[ .]$')


def run(folder: Path, *words: str) -> str:
    """Run a command on a console of Korean Windows; return what it prints."""
    environ = {**os.environ, "PYTHONIOENCODING": "cp949:strict", "SKETCHFIT_CACHE": str(folder / "cache")}
    command = [sys.executable, "-X", "warn_default_encoding", "-m", "tests.windows", *words]
    done = subprocess.run(command, env=environ, capture_output=True, check=False)
    printed = (done.stdout + done.stderr).decode("cp949")
    assert done.returncode == 0, printed
    return printed


@pytest.mark.slow
def test_a_run_and_what_follows_it(tmp_path: Path) -> None:
    data, out = str(tmp_path / "data"), str(tmp_path / "run")
    training = ("run", data, "--recipe", "demo", "--set", "training.epochs=1", "--out", out)
    run(tmp_path, "draw", data, "--classes", "3", "--per-class", "9")
    assert "images stored" in run(tmp_path, *training)
    assert "(from an earlier run)" in run(tmp_path, *training)
    run(tmp_path, *training, "--fresh")
    run(tmp_path, "predict", out, str(tmp_path / "data" / "test"), "--out", str(tmp_path / "predictions.csv"))
    for _ in range(2):  # the second one replaces the first
        run(tmp_path, "export", out, "--out", str(tmp_path / "bundle"))
        run(tmp_path, "report", out)
    assert b"\r" not in (tmp_path / "run" / "submission.csv").read_bytes()
    for path in tmp_path.rglob("*"):
        assert not ILLEGAL.search(path.name), path
        assert name_problem(path.name, [one.name for one in path.parent.iterdir()]) is None, path
        assert len(str(path.relative_to(tmp_path))) < 150, path
        assert not path.name.endswith(".part"), path
    assert "0 parts" not in run(tmp_path, "cache", "clear")
    assert {path.suffix for path in (tmp_path / "cache").iterdir()} <= {".lock", ".TAG"}
