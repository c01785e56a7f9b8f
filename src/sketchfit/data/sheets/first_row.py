"""Decide whether the first line of delimited rows has column names, or is a row as the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sketchfit.data.images import is_image_name
from sketchfit.data.label_text import MISSING_TEXTS
from sketchfit.data.sheets.sheet import Row

_FEWEST = 3
"""Fewer rows do not show whether the first has column names."""

_USUAL = frozenset(
    ["id", "image", "image_path", "path", "file", "filename", "file_name", "label", "target", "class", "class_name"]
)
"""A line with one of these has column names."""

_WORDS = frozenset(word for name in _USUAL for word in name.split("_"))
"""A path of these words alone, such as `image/path`, is a column name."""


def columns_of_list(rows: Sequence[Row]) -> list[int] | None:
    """Return the columns of image paths in rows without column names, counted from 0; None if the first has names.

    The first line is a row if it has the path of an image, or is like all other rows. A line with a usual name of a
    column has names. So has one whose name with a slash, such as `w/h`, is no path: see `_is_name_over_paths`.
    """
    if _has_usual_name(rows):
        return None
    paths = _paths(rows)
    return paths if paths or _is_like_the_others(rows) else None


def names_like_paths(rows: Sequence[Row]) -> list[str]:
    """Return the names in the first line that have as many slashes as the cells below and no usual words.

    That they are names and no paths is likely, and not certain, unless a usual name is next to them.
    """
    if _has_usual_name(rows):
        return []
    columns = _columns(rows)
    return [cells[0] for cells in columns if _has_paths(cells) and not _is_usual_path(cells[0])]


def _columns(rows: Sequence[Row]) -> list[list[str]]:
    """Return the cells of each column of the first row; other rows may have too few."""
    return [[row.cells[k].strip() for row in rows if k < len(row.cells)] for k in range(len(rows[0].cells))]


def _has_usual_name(rows: Sequence[Row]) -> bool:
    return any(cell.strip().casefold() in _USUAL for cell in rows[0].cells)


def counts_rows(cells: Sequence[str]) -> bool:
    """Return whether the cells count the rows from 0 or 1."""
    return len(cells) > 1 and any(list(cells) == [str(k + first) for k in range(len(cells))] for first in (0, 1))


def _paths(rows: Sequence[Row]) -> list[int]:
    """Return the columns of paths; none if the first line has names, such as `File/Name`."""
    columns = _columns(rows)
    if any(_names_images(cells) for cells in columns):
        return []
    paths = [k for k, cells in enumerate(columns) if _has_paths(cells)]
    has_image = any(is_image_name(columns[k][0]) for k in paths)
    return [] if paths and not has_image and _is_name_over_paths(rows, columns, paths) else paths


def _is_name_over_paths(rows: Sequence[Row], columns: Sequence[Sequence[str]], paths: Sequence[int]) -> bool:
    """Return whether the first line has names, although one has as many slashes as the paths below it.

    Paths without the suffix of an image are recognised by their folders alone, and `image/path` looks like one. It is a
    name if it consists of usual words. Another one, such as `bild/pfad`, is a name if what is below is of another kind.

    Args:
        rows: all rows.
        columns: their cells.
        paths: columns that seem to have paths.
    """
    if any(_is_number(cells[0]) for cells in columns) or _has_recurring_text(rows, columns):
        return False
    return any(_is_usual_path(columns[k][0]) for k in paths) or _is_above_another_kind(columns, paths)


def _is_usual_path(cell: str) -> bool:
    words = set(re.findall(r"[^\W_]+", cell.casefold()))
    return bool(words) and words <= _WORDS


def _is_above_another_kind(columns: Sequence[Sequence[str]], paths: Sequence[int]) -> bool:
    """Return whether a path without digits is above paths with digits, or a text above numbers.

    This does not count if the path is in the folder of another one, or in a folder that is another text of its line,
    such as its label: then it is like the others.
    """
    if len(columns[0]) < _FEWEST or any(_has_known_folder(columns, k) for k in paths):
        return False
    others = [k for k in range(len(columns)) if k not in paths]
    return any(_differs(columns[k], _has_digit) for k in paths) or any(_differs(columns[k], _is_number) for k in others)


def _has_known_folder(columns: Sequence[Sequence[str]], path: int) -> bool:
    """Return whether the top folder of the first path has others, or a folder of it is another text of its line."""
    first, *others = (cell.casefold().split("/")[:-1] for cell in columns[path])
    texts = {cells[0].casefold() for k, cells in enumerate(columns) if k != path}
    return any(first[:1] == other[:1] for other in others) or not texts.isdisjoint(first)


def _differs(cells: Sequence[str], is_kind: Callable[[str], bool]) -> bool:
    """Return whether the first cell is not of the kind of all others; one without a value may be of any kind."""
    first, *others = cells
    is_missing = not first or first.casefold() in MISSING_TEXTS
    return not is_missing and not is_kind(first) and bool(others) and all(map(is_kind, others))


def _has_digit(cell: str) -> bool:
    return any(map(str.isdigit, cell))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _names_images(cells: Sequence[str]) -> bool:
    """Return whether all cells but the first have the suffix of an image."""
    return len(cells) > 1 and not is_image_name(cells[0]) and all(map(is_image_name, cells[1:]))


def _has_paths(cells: Sequence[str]) -> bool:
    """Return whether all cells, including the first, are paths of images: by their suffix, or by their folder."""
    folders = cells[0].count("/")
    alike = folders > 0 and not cells[0].startswith("http") and all(cell.count("/") == folders for cell in cells)
    return is_image_name(cells[0]) or (alike and len(cells) > 1)


def _is_like_the_others(rows: Sequence[Row]) -> bool:
    """Return whether one of the first line's texts occurs again, or it has numbers where all rows have.

    The numbers 0 to n-1 are names that pandas writes, unless the rows continue them.
    """
    columns = list(zip(*(row.cells for row in rows), strict=False))
    if len(rows) < _FEWEST or any(len(row.cells) != len(columns) for row in rows):
        return False
    others = [column for column in columns if not all(cell.strip().isdecimal() for cell in column)]
    if others:
        return _has_recurring_text(rows, others)
    names = [str(number) for number in range(len(columns))]
    return [column[0] for column in columns] != names or any(map(counts_rows, columns))


def _has_recurring_text(rows: Sequence[Row], columns: Sequence[Sequence[str]]) -> bool:
    """Return whether the first cell of a column occurs in it again, other than in copies of the complete line."""
    copies = sum(row.cells == rows[0].cells for row in rows)
    return any(_recurs(column, copies) for column in columns)


def _recurs(column: Sequence[str], copies: int) -> bool:
    """Return whether the first cell occurs in more rows than copies of its line do, or all differ in digits alone."""
    first = column[0].strip()
    if not first or first.isdecimal():
        return False
    form = re.sub(r"\d+", "#", first)
    alike = form != first and all(re.sub(r"\d+", "#", cell.strip()) == form for cell in column)
    return alike or sum(cell.strip() == first for cell in column) > copies
