from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from sketchfit.errors import UserError
from sketchfit.output_folder import output_folder

KILLED = """
import os, signal, sys
from pathlib import Path
from sketchfit.output_folder import output_folder
with output_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def write(out: Path, name: str) -> None:
    with output_folder(out) as folder:
        (folder / name).write_text(name)
        assert not (out / name).exists()


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_folder_is_written_and_replaced_as_one(tmp_path: Path) -> None:
    write(tmp_path / "deep" / "out", "first")
    assert names(tmp_path) == ["deep", "deep/out", "deep/out/first"]
    write(tmp_path / "deep" / "out", "second")
    assert names(tmp_path) == ["deep", "deep/out", "deep/out/second"]


def test_an_error_leaves_the_earlier_folder(tmp_path: Path) -> None:
    write(tmp_path / "out", "first")

    def half() -> None:
        with output_folder(tmp_path / "out") as folder:
            (folder / "second").write_text("half")
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        half()
    assert names(tmp_path) == ["out", "out/first"]


@pytest.mark.parametrize("name", ["/proc/new", "file/new", "{long}"])
def test_a_folder_that_cannot_be_made_is_the_mistake_of_the_user(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written"):
        write(tmp_path / name.format(long="n" * 300), "first")


def test_a_folder_that_cannot_take_the_place_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "out", "first")
    real = Path.replace

    def rename(self: Path, to: Path) -> Path:
        if to == tmp_path / "out" and (self / "second").exists():
            raise PermissionError(1, "no")
        return real(self, to)

    monkeypatch.setattr(Path, "replace", rename)
    with pytest.raises(PermissionError):
        write(tmp_path / "out", "second")
    assert names(tmp_path) == ["out", "out/first"]


def test_a_link_stays_and_the_folder_that_it_leads_to_is_replaced(tmp_path: Path) -> None:
    write(tmp_path / "real", "first")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write(tmp_path / "link", "second")
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path / "real") == ["second"]


def test_what_a_killed_process_left_is_deleted_by_the_next_one(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, tmp_path / "out"], check=False)
    assert len(names(tmp_path)) == 2
    write(tmp_path / "out", "second")
    assert names(tmp_path) == ["out", "out/second"]


@pytest.mark.parametrize("fails", [False, True])
def test_a_volume_is_filled(fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot be renamed; the file that counts is deleted first and written last."""
    out = tmp_path / "volume"
    (out / "sub").mkdir(parents=True)
    for name in ("old", "index", "sub/old"):
        (out / name).write_text("old")
    number = out.stat().st_ino
    monkeypatch.setattr("os.path.ismount", lambda path: Path(path) == out)
    with contextlib.suppress(InterruptedError), output_folder(out, "index") as folder:
        for name in ("index", "new"):
            (folder / name).write_text("new")
        if fails:
            raise InterruptedError
    assert {path.name for path in out.iterdir()} == ({"old", "index", "sub"} if fails else {"index", "new"})
    assert (out / "index").read_text() == ("old" if fails else "new")
    assert out.stat().st_ino == number
    assert [path.name for path in tmp_path.iterdir()] == ["volume"]
