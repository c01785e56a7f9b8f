from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sketchfit.own_system import scope
from sketchfit.temporary import temporary_folder

KILLED = """
import os, signal
from sketchfit.temporary import temporary_folder
with temporary_folder() as folder:
    (folder / "store").mkdir()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for temporary files."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_a_temporary_folder_is_deleted_at_its_end(place: Path) -> None:
    with temporary_folder() as one, temporary_folder() as other:
        assert [one.parent, other.parent] == [place, place]
        assert one != other
        assert one.stat().st_mode & 0o077 == 0
        (one / "file").write_text("x")
    assert list(place.iterdir()) == []


def test_what_a_killed_process_leaves_is_deleted_by_the_next_one(place: Path) -> None:
    others = place / f"sketchfit-notes.1-{scope()}.part"
    others.write_text("of somebody else")
    done = subprocess.run([sys.executable, "-c", KILLED], check=False)
    assert done.returncode == -signal.SIGKILL
    (stale,) = (path for path in place.iterdir() if path != others)
    with temporary_folder() as folder:
        assert not stale.exists()
        assert set(place.iterdir()) == {folder, others}
