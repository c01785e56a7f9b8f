"""Paths from another folder: the part before the data folder is left out where the rest is found."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import TypeVar

from sketchfit.data.checks import TableProblems
from sketchfit.data.listing import Listing
from sketchfit.data.path_text import PathError, clean_path, is_absolute, path_text
from sketchfit.data.sheets import Sheet
from sketchfit.data.split_names import role_of

_SAMPLE = 20
"""Paths that are compared with the files, about; evenly spaced."""

_Value = TypeVar("_Value")


def without_foreign_root(
    sheet: Sheet, names: Sequence[str], listing: Listing, bases: Sequence[str], problems: TableProblems
) -> Sequence[str]:
    """Return the cells relative to the data folder where all of them begin outside it.

    They are absolute paths of another machine, or relative to a folder around the data (`data/train/1.png`). The
    shortest beginning is left out with which a sample of the files is found; a note names it. The cells are returned
    unchanged if some are absolute and others are not, if an absolute one is in the data folder, if one of a sample of
    relative ones exists, or if no beginning can be left out. Names of splits are left out of absolute paths only.

    Args:
        sheet: the table, for messages.
        names: N cells of the image column.
        listing: content of the root.
        bases: folders that the paths may be relative to.
        problems: receives the note.
    """
    paths = [_parts(name) for name in names]
    beginning = _shared_folders(paths)
    absolute = [is_absolute("/".join(path)) for path in paths]
    if all(absolute):
        if any(_is_below_root(name, listing) for name in names):
            return names
    elif any(absolute):
        return names
    else:
        if any(_is_found(name, bases, listing) for name in _sample(names)):
            return names
        beginning = list(takewhile(lambda folder: role_of(folder) is None, beginning))
    count = _shortest_beginning(_sample(paths), len(beginning), listing, bases)
    if count is None:
        return names
    root = "/".join(beginning[:count]) or "/"
    problems.note(f"{sheet.name}: paths begin with {root!r}, which is not the data folder; it was left out")
    return ["/".join(path[count:]) for path in paths]


def _parts(name: str) -> list[str]:
    """Return the folders and the file name of a path; the first is "" for one that begins with a slash."""
    return name.strip().replace("\\", "/").split("/")


def _shared_folders(paths: Sequence[Sequence[str]]) -> list[str]:
    """Return the folders with which all paths begin, given their parts."""
    levels = zip(*(path[:-1] for path in paths), strict=False)
    return [level[0] for level in takewhile(lambda level: len(set(level)) == 1, levels)]


def _shortest_beginning(
    sample: Sequence[Sequence[str]], most: int, listing: Listing, bases: Sequence[str]
) -> int | None:
    """Return the lowest number of folders, 1 … `most`, without which all paths exist in the same base; or None."""
    for count in range(1, most + 1):
        shortened = ["/".join(path[count:]) for path in sample]
        if any(all(_exists(path, base, listing) for path in shortened) for base in bases):
            return count
    return None


def _sample(values: Sequence[_Value]) -> Sequence[_Value]:
    """Return about 20 evenly spaced values."""
    return values[:: max(1, len(values) // _SAMPLE)]


def _is_below_root(name: str, listing: Listing) -> bool:
    """Return whether an absolute path is in the data folder."""
    try:
        path_text(name, listing.root)
    except PathError:
        return False
    return True


def _is_found(name: str, bases: Sequence[str], listing: Listing) -> bool:
    """Return whether a relative path exists in one of the bases; not if it leaves the data folder before."""
    try:
        path = path_text(name, listing.root)
        return any(_exists(path.below(base), "", listing) for base in bases)
    except PathError:
        return False


def _exists(path: str, base: str, listing: Listing) -> bool:
    """Return whether a path relative to a base exists; not if it is no path below the data folder."""
    try:
        return listing.find(clean_path(f"{base}/{path}" if base else path)) is not None
    except PathError:
        return False
