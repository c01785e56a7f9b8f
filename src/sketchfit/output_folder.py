"""Folders that are complete or absent: written next to their place, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sketchfit.destinations import usable
from sketchfit.disk import writing
from sketchfit.remains import clear_parts, part_of


@contextmanager
def output_folder(out: Path, last: str = "") -> Iterator[Path]:
    """Yield an empty folder; on success it takes the place of `out`, on an error it is removed, and `out` stays.

    A link is followed: the folder that it leads to is replaced. What a killed process was writing is deleted. A folder
    that cannot be replaced, such as a volume of a container, is filled.

    Args:
        out: the folder.
        last: name of the file without which the others mean nothing: where a folder is filled, it is deleted first and
            written last.

    Raises:
        UserError: a folder cannot be made there.
    """
    place = Path(os.path.realpath(out))
    with usable(place), writing(place):
        fixed = place.is_dir() and (place.is_mount() or not os.access(place.parent, os.W_OK))
        target = place / place.name if fixed else place
        place.parent.mkdir(parents=True, exist_ok=True)
        clear_parts(target)
        temporary = part_of(target)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            yield temporary
            if fixed:
                _fill(place, temporary, last)
            else:
                _replace(place, temporary)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _replace(place: Path, temporary: Path) -> None:
    """Put a folder in a place, in two renames where there is one already."""
    if not place.exists():
        temporary.rename(place)
        return
    shutil.copymode(place, temporary)
    before = part_of(place.with_name(f"{place.name}.old"))
    place.rename(before)
    try:
        temporary.rename(place)
    except BaseException:
        before.rename(place)
        raise
    shutil.rmtree(before, ignore_errors=True)


def _fill(place: Path, temporary: Path, last: str) -> None:
    """Move what is in a folder to a place, after what is there was deleted."""
    if last:
        (place / last).unlink(missing_ok=True)
    for path in place.iterdir():
        if path.is_dir() and not path.is_symlink():
            if path != temporary:
                shutil.rmtree(path)
        else:
            path.unlink()
    for path in sorted(temporary.iterdir(), key=lambda path: path.name == last):
        path.rename(place / path.name)
