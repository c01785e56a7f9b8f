from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sketchfit.remains import clear_remains


def test_parts_of_processes_that_have_ended_are_deleted(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    mine, folder = tmp_path / f".a.npz.{os.getpid()}.part", tmp_path / f".b.{ended.pid}.part"
    old, new = (tmp_path / f".{name}.{ended.pid}.part" for name in ("old", "new"))
    other = tmp_path / ".part"
    folder.mkdir()
    for path in (mine, old, new, other, folder / "inside"):
        path.write_text("x")
    os.utime(old, (0, 0))
    clear_remains(tmp_path.iterdir(), least_age=1000.0)
    assert {path.name for path in tmp_path.iterdir()} == {one.name for one in (mine, new, other, folder)}
    clear_remains(tmp_path.iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {one.name for one in (mine, other)}
