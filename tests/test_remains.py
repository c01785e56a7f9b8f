from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sketchfit.own_system import scope
from sketchfit.remains import ABANDONED, REMAINS, clear_parts, clear_remains, part_of

OTHER = f"{int(scope(), 16) ^ 1:08x}"
"""Scope of processes of another host."""


@pytest.fixture(scope="module")
def ended() -> int:
    """Number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def made(folder: Path, name: str, *, age: float = 0.0) -> Path:
    path = folder / name
    path.write_text("x")
    times = path.stat().st_mtime - age
    os.utime(path, (times, times))
    return path


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_parts_of_processes_of_this_host_are_deleted_when_they_have_ended(tmp_path: Path, ended: int) -> None:
    mine = part_of(tmp_path / "a.npz")
    mine.write_text("x")
    made(tmp_path, f".b.npz.{ended}-{scope()}.part")
    folder = tmp_path / f".store.{ended}-{scope()}.part"
    folder.mkdir()
    made(folder, "inside")
    others = {made(tmp_path, name).name for name in (".part", f"b.{ended}.part", f".b.{ended}.csv")}
    clear_remains(tmp_path.iterdir(), least_age=ABANDONED)  # whatever their age is
    assert left(tmp_path) == {mine.name, *others}


def test_parts_of_other_hosts_are_deleted_when_they_are_old(tmp_path: Path, ended: int) -> None:
    number = os.getpid()  # there is a process of this number here, which means nothing
    new, folder = made(tmp_path, f".new.{ended}-{OTHER}.part"), tmp_path / f".store.{number}-{OTHER}.part"
    folder.mkdir()
    os.utime(folder, (0, 0))  # somebody may write to a file in it
    made(tmp_path, f".old.{number}-{OTHER}.part", age=2 * ABANDONED)
    clear_remains(tmp_path.iterdir(), least_age=ABANDONED)
    assert left(tmp_path) == {new.name, folder.name}
    clear_remains(tmp_path.iterdir())  # nobody else writes here
    assert left(tmp_path) == set()


def test_parts_of_earlier_versions_name_no_host(tmp_path: Path, ended: int) -> None:
    mine, new = made(tmp_path, f".a.{os.getpid()}.part", age=2 * ABANDONED), made(tmp_path, f".new.{ended}.part")
    made(tmp_path, f".old.{ended}.part", age=2 * ABANDONED)
    clear_remains(tmp_path.iterdir(), least_age=ABANDONED)
    assert left(tmp_path) == {mine.name, new.name}
    clear_remains(tmp_path.iterdir())
    assert left(tmp_path) == {mine.name}


def test_a_link_is_deleted_and_not_followed(tmp_path: Path, ended: int) -> None:
    elsewhere, place = tmp_path / "elsewhere", tmp_path / "cache"
    for folder in (elsewhere, place):
        folder.mkdir()
    kept = made(elsewhere, "kept")
    (place / f".store.{ended}-{scope()}.part").symlink_to(elsewhere)
    clear_remains(place.iterdir(), least_age=ABANDONED)
    assert left(place) == set()
    assert kept.exists()


@pytest.mark.parametrize("name", ["a", "a.1", "a.12.34", "a.12-12345678.part", ".a", "é ü", "n" * 255, "é" * 127])
def test_a_part_is_next_to_its_place_and_recognised(name: str, tmp_path: Path) -> None:
    part = part_of(tmp_path / name)
    found = REMAINS.fullmatch(part.name)
    assert part.parent == tmp_path
    assert found is not None
    assert (int(found["process"]), found["scope"], found["old"]) == (os.getpid(), scope(), None)
    part.touch()  # the file system allows the name


@pytest.mark.parametrize("name", ["a[1]", "n" * 255])
def test_parts_of_one_place_are_deleted(name: str, tmp_path: Path, ended: int) -> None:
    part = part_of(tmp_path / name)
    other = made(tmp_path, f".a1.{ended}-{scope()}.part")
    made(tmp_path, part.name.replace(f".{os.getpid()}-", f".{ended}-"))
    part.touch()
    clear_parts(tmp_path / name)
    assert left(tmp_path) == {part.name, other.name}
