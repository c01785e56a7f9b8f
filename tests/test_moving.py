"""Renames and deletes, also where open files refuse them; see `tests.windows`."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest

from sketchfit import moving
from sketchfit.files import write_text
from sketchfit.moving import delete_file, delete_folder, flush_to_disk, link_folder, move
from sketchfit.output_folder import output_folder
from sketchfit.runs.arrays import create_npy
from tests.windows import files_of_windows


@pytest.fixture
def on_windows(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let open files refuse; return the pauses that are made."""
    pauses: list[float] = []
    files_of_windows(monkeypatch.setattr)
    monkeypatch.setattr(moving, "WINDOWS", True)
    monkeypatch.setattr(moving.time, "sleep", pauses.append)
    return pauses


def test_a_reader_delays_a_replacement(
    on_windows: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").write_text("old")
    reader = (tmp_path / "state").open()
    monkeypatch.setattr(moving.time, "sleep", lambda _: reader.close())
    write_text(tmp_path / "state", "new")
    assert (tmp_path / "state").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_a_file_that_stays_open_is_an_error_and_stays(on_windows: list[float], tmp_path: Path) -> None:
    (tmp_path / "state").write_text("old")
    with (tmp_path / "state").open(), pytest.raises(PermissionError):
        write_text(tmp_path / "state", "new")
    assert (tmp_path / "state").read_text() == "old"
    assert len(on_windows) == len(moving.PAUSES)


def test_nothing_is_waited_for_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving.time, "sleep", lambda _: pytest.fail("it waits"))
    with pytest.raises(FileNotFoundError):
        move(tmp_path / "absent", tmp_path / "other")
    delete_file(tmp_path / "absent")


def test_read_only_files_are_replaced_and_deleted(on_windows: list[float], tmp_path: Path) -> None:
    for name in ("a", "b", "folder/c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
        (tmp_path / name).chmod(0o444)
    move(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "a"
    (tmp_path / "b").chmod(0o444)
    delete_file(tmp_path / "b")
    delete_folder(tmp_path / "folder")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_an_open_file_stays_where_errors_are_ignored(on_windows: list[float], tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "open").touch()
    with (tmp_path / "folder" / "open").open():
        delete_folder(tmp_path / "folder", ignore_errors=True)
        with pytest.raises(PermissionError):
            delete_folder(tmp_path / "folder")
    delete_folder(tmp_path / "folder", ignore_errors=True)
    assert not (tmp_path / "folder").exists()


def test_an_ignored_error_keeps_nothing_alive(tmp_path: Path) -> None:
    """An exception and its traceback can keep each other alive, and with them maps of files."""

    class Kept:
        pass

    def attempt() -> weakref.ref[Kept]:
        kept = Kept()
        delete_folder(tmp_path / "absent", ignore_errors=True)
        return weakref.ref(kept)

    gc.disable()
    try:
        assert attempt()() is None
    finally:
        gc.enable()


def test_a_handle_for_reading_is_not_flushed(on_windows: list[float], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    flush_to_disk(tmp_path / "file")
    with (tmp_path / "file").open("rb") as file, pytest.raises(OSError, match="flushed"):
        moving.os.fsync(file.fileno())


def test_a_mapped_array_is_neither_renamed_nor_left_after_a_full_disk(
    on_windows: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    array = create_npy(tmp_path / "a.npy", (3,), np.float32)
    with pytest.raises(PermissionError):
        move(tmp_path / "a.npy", tmp_path / "b.npy")
    del array
    move(tmp_path / "a.npy", tmp_path / "b.npy")

    def no_space(_: Path) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr("sketchfit.runs.arrays.reserve", no_space)
    with pytest.raises(OSError, match="No space"):
        create_npy(tmp_path / "c.npy", (3,), np.float32)
    assert [path.name for path in tmp_path.iterdir()] == ["b.npy"]


def test_a_folder_is_copied_where_it_cannot_be_linked(on_windows: list[float], tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("x")
    link_folder(tmp_path / "link", tmp_path / "real")
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link" / "file").read_text() == "x"


def test_a_folder_that_is_open_keeps_its_content(on_windows: list[float], tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").touch()
    with (out / "old").open(), pytest.raises(Exception, match="cannot be written"), output_folder(out) as folder:
        (folder / "new").touch()
    assert [path.name for path in out.iterdir()] == ["old"]
    with output_folder(out) as folder:
        (folder / "new").touch()
    assert [path.name for path in out.iterdir()] == ["new"]
