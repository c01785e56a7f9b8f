"""Folders that are complete or absent: written next to their place, then renamed."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sketchfit.destinations import usable
from sketchfit.disk import writing
from sketchfit.moving import delete_file, delete_folder, move
from sketchfit.remains import clear_parts, earlier_of, part_of

log = logging.getLogger(__name__)


@contextmanager
def output_folder(out: Path, last: str = "") -> Iterator[Path]:
    """Yield an empty folder; on success it takes the place of `out`, on an error it is removed, and `out` stays.

    A link is followed: the folder that it leads to is replaced. What a killed process was writing is deleted, and the
    folder that it had moved away is put back. A folder that cannot be replaced, such as a volume of a container, is
    filled.

    Args:
        out: the folder.
        last: name of the file without which the others mean nothing: where a folder is filled, it is deleted first and
            written last.

    Raises:
        UserError: a folder cannot be made there.
    """
    place = Path(os.path.realpath(out))
    with usable(place), writing(place):
        fixed = place.is_dir() and (os.path.ismount(place) or not os.access(place.parent, os.W_OK))
        target = place / place.name if fixed else place
        place.parent.mkdir(parents=True, exist_ok=True)
        clear_parts(target)
        temporary = part_of(target)
        delete_folder(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            yield temporary
            if fixed:
                _fill(place, temporary, last)
            else:
                _replace(place, temporary)
        finally:
            delete_folder(temporary, ignore_errors=True)


def _replace(place: Path, temporary: Path) -> None:
    """Put a folder in a place, in two renames where there is one already."""
    if not place.exists():
        move(temporary, place)
        return
    shutil.copymode(place, temporary)
    before = earlier_of(place)
    delete_folder(before, ignore_errors=True)  # of an attempt of this process whose second rename failed
    move(place, before)
    try:
        move(temporary, place)
    except BaseException:
        try:
            move(before, place)
        except OSError as error:
            log.warning(f"{place} is now {before} ({error.strerror}); the next command that writes there puts it back")
        raise
    delete_folder(before, ignore_errors=True)


def _fill(place: Path, temporary: Path, last: str) -> None:
    """Move what is in a folder to a place, after what is there was deleted."""
    if last:
        delete_file(place / last)
    for path in place.iterdir():
        if path.is_dir() and not path.is_symlink():
            if path != temporary:
                delete_folder(path)
        else:
            delete_file(path)
    for path in sorted(temporary.iterdir(), key=lambda path: path.name == last):
        move(path, place / path.name)
