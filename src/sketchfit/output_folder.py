"""Folders that are complete or absent: written next to their place, then renamed."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sketchfit.disk import writing
from sketchfit.remains import ABANDONED, clear_remains, part_of


@contextmanager
def output_folder(out: Path) -> Iterator[Path]:
    """Yield an empty folder; on success it takes the place of `out`, on an error it is removed, and `out` stays.

    A link is followed: the folder that it leads to is replaced. What a killed process was writing is deleted.
    """
    place = Path(os.path.realpath(out))
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        clear_remains(place.parent.glob(f".{glob.escape(place.name)}.*.part"), least_age=ABANDONED)
        temporary = part_of(place)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            yield temporary
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
