"""A folder that has an earlier drawn set: whether it is the same set, and whether it may be replaced."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sketchfit.errors import DataError
from sketchfit.files import read_json
from sketchfit.remains import REMAINS
from sketchfit.wording import listed

MARK = "drawn.json"
"""Marks a folder that was written by `draw`; contains the settings, and digests of what was drawn."""

DIGESTS = "digests"
"""Key of the mark: digest of each table, and of the images of each split, by name."""

TABLES = ("train", "test", "sample_submission", "test_labels", "copies", "traits")
"""Names of tables of every set, without `.csv`."""

FOLDERS = ("train", "test")
"""Folders of images."""

BY_SYSTEM = ".DS_Store"
"""macOS adds it to any folder that was opened."""

OWN = {*(f"{name}.csv" for name in (*TABLES, "families")), MARK, *FOLDERS, BY_SYSTEM}

ELSEWHERE = "Name a folder that does not exist yet, or empty this one."
AGAIN = "Name another folder, or draw it again, without keeping it as it is now: --fresh."


def is_drawn(out: Path, settings: Mapping[str, object], *, fresh: bool) -> bool:
    """Return whether a folder has this set already, unchanged; then nothing needs to be written.

    Args:
        out: the folder, which may be absent.
        settings: of the set, as they are recorded.
        fresh: replace a set with other settings, or one that was changed.

    Raises:
        DataError: the folder may not be replaced.
    """
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is a file", "Name a folder that does not exist yet.")
    present = {path.name for path in out.iterdir() if not REMAINS.fullmatch(path.name)} if out.exists() else set()
    if not present - {BY_SYSTEM}:
        return False
    mark = _mark(out)
    if not fresh and mark is not None:
        _check_settings(out, mark, settings)
        if not (changed := _changed(out, mark)):
            return True
        raise DataError(f"{out} has a drawn set that was changed since: {listed(changed, 3)}", AGAIN)
    foreign = sorted(present - OWN)
    if foreign or mark is None:
        what = listed(foreign, 3) if foreign else f"files but no {MARK}"
        raise DataError(f"{out} contains {what}: `draw` did not write all of it, and leaves it unchanged", ELSEWHERE)
    return False


def digests(folder: Path) -> dict[str, str]:
    """Return a digest of each table of a set, and of the names and contents of the images of each split."""
    found = {path.name: _digest([path], folder) for path in sorted(folder.glob("*.csv")) if path.name in OWN}
    for split in FOLDERS:
        paths = (path for path in sorted((folder / split).rglob("*")) if path.is_file() and path.name != BY_SYSTEM)
        found[f"{split}/"] = _digest(list(paths), folder)
    return found


def _digest(paths: list[Path], folder: Path) -> str:
    found = hashlib.blake2b(digest_size=16)
    for path in paths:
        data = path.read_bytes()
        found.update(f"{path.relative_to(folder).as_posix()}\0{len(data)}\0".encode() + data)
    return found.hexdigest()


def _mark(out: Path) -> dict[str, Any] | None:
    """Return what the mark of a folder contains, nothing of a damaged one; None where there is none."""
    if not (out / MARK).is_file():
        return None
    try:
        found = read_json(out / MARK)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _check_settings(out: Path, mark: Mapping[str, Any], settings: Mapping[str, object]) -> None:
    names = dict.fromkeys([*settings, *(name for name in mark if name not in (DIGESTS, "written_by"))])
    others = [
        f"{name.replace('_', '-')} {mark.get(name, 'none')}, here {settings.get(name, 'none')}"
        for name in names
        if mark.get(name) != settings.get(name)
    ]
    if others:
        raise DataError(f"{out} has a drawn set with other settings: {listed(others, 4)}", AGAIN)


def _changed(out: Path, mark: Mapping[str, Any]) -> list[str]:
    """Return the tables and splits that are not as they were drawn; all of a set that has no digests."""
    drawn, now = mark.get(DIGESTS) or {}, digests(out)
    return [name for name in dict.fromkeys([*drawn, *now]) if drawn.get(name) != now.get(name)]
