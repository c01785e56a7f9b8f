from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from sketchfit.errors import UserError
from sketchfit.output_folder import output_folder
from sketchfit.remains import clear_remains

REPLACED = """
import os, sys
from pathlib import Path
from sketchfit.output_folder import output_folder
real, out = Path.replace, Path(sys.argv[1])
def rename(self, to):
    if to == out:
        {happens}
    return real(self, to)
Path.replace = rename
with output_folder(out) as folder:
    (folder / "second").touch()
"""

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


@pytest.mark.parametrize("happens", ["raise PermissionError(1, 'no')", "os._exit(1)"])
def test_a_folder_that_could_not_be_put_back_is_put_back_by_the_next_process(tmp_path: Path, happens: str) -> None:
    """Also by one that writes a folder whose name is the beginning of its name, and then fails."""
    out = tmp_path / "out.v2"
    write(out, "first")
    ended = subprocess.run([sys.executable, "-c", REPLACED.format(happens=happens), out], check=False)
    assert ended.returncode == 1
    assert not out.exists()
    with pytest.raises(InterruptedError), output_folder(tmp_path / "out"):
        raise InterruptedError
    assert names(tmp_path) == ["out.v2", "out.v2/first"]


def test_a_folder_that_could_not_be_put_back_is_kept_while_its_process_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "out"
    write(out, "first")
    real = Path.replace

    def rename(self: Path, to: Path) -> Path:
        if to == out:
            raise PermissionError(1, "no", str(self))
        return real(self, to)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", rename)
        with pytest.raises(UserError, match="out cannot be written"):
            write(out, "second")
    (kept,) = tmp_path.iterdir()
    assert kept.name in caplog.text
    clear_remains(tmp_path.iterdir())
    assert names(kept) == ["first"]
    write(out, "third")
    write(out, "fourth")
    assert names(tmp_path) == ["out", "out/fourth"]


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
