"""A copy of the folder of a run in progress, in which nothing changes while it is read."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sketchfit.errors import RunError, UserError
from sketchfit.moving import delete_folder, link_folder
from sketchfit.runs.artefacts import CopyOf, RunClock
from sketchfit.runs.state import State
from sketchfit.runs.table import table_of
from sketchfit.temporary import temporary_folder

LINKED = ("members", "derived")
"""Folders of networks, which do not change after they are trained: they are linked."""

LEFT_OUT = ("report", "tracking")
"""Folders that are not read."""

CHANGING = (RunClock.PLACE, "log.txt")
"""Files that change often and on which no answer depends."""

TIMES, WAIT = 20, 0.1
"""How often a copy is made again because the run has written meanwhile, and the seconds between."""


@contextmanager
def snapshot(folder: Path) -> Iterator[Path]:
    """Yield a copy of a run's folder, with links to its networks, that is deleted afterwards.

    Files are complete or absent at any time, but a run that writes its next answer replaces one after the other. So a
    copy is made again where any of them has changed meanwhile.

    Raises:
        UserError: the run writes all the time. One that the block raises names the folder in the place of the copy.
    """
    with temporary_folder() as parent:
        copy = parent / folder.resolve().name
        for _ in range(TIMES):
            before = _files(folder)
            if _copied(folder, copy, before) and _files(folder) == before:
                break
            delete_folder(copy, ignore_errors=True)
            time.sleep(WAIT)
        else:
            raise RunError(f"{folder} changes all the time", "Try again in a minute.")
        with suppress(OSError):  # it changes all the time, and nothing else depends on it
            shutil.copy2(folder / RunClock.PLACE, copy / RunClock.PLACE)
        for name in LINKED:
            if (folder / name).is_dir():
                link_folder(copy / name, (folder / name).resolve())
        CopyOf(folder=folder.resolve()).write(copy)
        table = table_of(State.read(copy), folder)  # its data may be next to the run
        State.read(copy).model_copy(update={"data": table.root, "source": table.source}).write(copy)
        try:
            yield copy
        except UserError as error:
            *problems, hint = (text.replace(str(copy), str(folder)) for text in (*error.problems, error.hint))
            raise (RunError if type(error) is UserError else type(error))(problems, hint) from error


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what is copied: each file's time and size, by its path relative to the folder."""
    found = {}
    for place, folders, names in os.walk(folder):
        top = Path(place) == folder
        folders[:] = [one for one in folders if not (top and one in (*LINKED, *LEFT_OUT)) and not one.startswith(".")]
        for name in names:
            path = Path(place, name)
            if not name.startswith(".") and name not in CHANGING and path.is_file() and not path.is_symlink():
                try:
                    status = path.stat()
                except OSError:  # it has just been replaced
                    continue
                found[path.relative_to(folder).as_posix()] = (status.st_mtime_ns, status.st_size)
    return found


def _copied(folder: Path, copy: Path, names: dict[str, tuple[int, int]]) -> bool:
    """Copy files; return whether all of them were still there."""
    try:
        for name in names:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, copy / name)
    except FileNotFoundError:
        return False
    return True
