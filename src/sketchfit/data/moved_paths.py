"""Paths from another folder: the part before the data folder is left out where the rest is found."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import takewhile

from sketchfit.data.checks import TableProblems
from sketchfit.data.listing import Listing
from sketchfit.data.path_text import PathError, clean_path, is_absolute, path_text
from sketchfit.data.sheets import Sheet
from sketchfit.data.split_names import role_of

_SAMPLE = 20


def without_foreign_root(
    sheet: Sheet, names: Sequence[str], listing: Listing, bases: Sequence[str], problems: TableProblems
) -> Sequence[str]:
    """Return the cells relative to the data folder where all of them begin outside it.

    They are absolute paths of another machine, or relative to a folder around the data (`data/train/1.png`). The
    shortest beginning is left out with which 20 evenly spaced files are found; a note names it. Otherwise the cells are
    returned unchanged. Names of splits are left out of absolute paths only.

    Args:
        sheet: the table, for messages.
        names: N cells of the image column.
        listing: content of the root.
        bases: folders that the paths may be relative to.
        problems: receives the note.
    """
    parts = [name.strip().replace("\\", "/").split("/") for name in names]
    absolute = {is_absolute("/".join(one)) for one in parts}
    if len(absolute) != 1 or _is_inside(names, listing, bases if absolute == {False} else ()):
        return names
    levels = zip(*(one[:-1] for one in parts), strict=False)
    shared = sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, levels))
    sample = parts[:: max(1, len(parts) // _SAMPLE)]
    for count in range(1, shared + 1):
        if absolute == {False} and role_of(parts[0][count - 1]) is not None:
            break
        if any(all(_exists("/".join(one[count:]), base, listing) for one in sample) for base in bases):
            root = "/".join(parts[0][:count]) or "/"
            problems.note(f"{sheet.name}: paths begin with {root!r}, which is not the data folder; it was left out")
            return ["/".join(one[count:]) for one in parts]
    return names


def _is_inside(names: Sequence[str], listing: Listing, bases: Sequence[str]) -> bool:
    """Return whether any of the names is in the data folder; of relative ones, whether any exists in one of `bases`."""
    for name in names[:: max(1, len(names) // _SAMPLE)] if bases else names:
        with suppress(PathError):
            path = path_text(name, listing.root)
            if not bases or any(_exists(path.below(base), "", listing) for base in bases):
                return True
    return False


def _exists(path: str, base: str, listing: Listing) -> bool:
    try:
        return listing.find(clean_path(f"{base}/{path}" if base else path)) is not None
    except PathError:
        return False
