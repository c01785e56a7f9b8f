"""Decide whether the first line of delimited rows has column names, or is a row as the others."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sketchfit.data.images import is_image_name
from sketchfit.data.sheets.sheet import Row

_FEWEST = 3
"""Fewer rows do not show whether the first has column names."""

_USUAL = frozenset(
    ["id", "image", "image_path", "path", "file", "filename", "file_name", "label", "target", "class", "class_name"]
)
"""A line with one of these has column names."""


def columns_of_list(rows: Sequence[Row]) -> list[int] | None:
    """Return the columns of image paths in rows without column names, counted from 0; None if the first has names.

    The first line is a row if it has the path of an image, or is like all other rows. A line with a usual name of a
    column has names.
    """
    if any(cell.strip().casefold() in _USUAL for cell in rows[0].cells):
        return None
    paths = _paths(rows)
    return paths if paths or _is_like_the_others(rows) else None


def counts_rows(cells: Sequence[str]) -> bool:
    """Return whether the cells count the rows from 0 or 1."""
    return len(cells) > 1 and any(list(cells) == [str(k + first) for k in range(len(cells))] for first in (0, 1))


def _paths(rows: Sequence[Row]) -> list[int]:
    """Return the columns of paths; none if the first cell of a column is the name of images, such as `File/Name`."""
    columns = [[row.cells[k].strip() for row in rows if k < len(row.cells)] for k in range(len(rows[0].cells))]
    if any(_names_images(cells) for cells in columns):
        return []
    return [k for k, cells in enumerate(columns) if _has_paths(cells)]


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
