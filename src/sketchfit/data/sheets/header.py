"""Find the column names of delimited rows: a line of names, or none in a list of images."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sketchfit.data.images import is_image_name
from sketchfit.data.sheets.sheet import Row, TableError
from sketchfit.wording import listed

IMAGE, LABEL = "image_path", "label"
"""Names of the columns of a list without column names."""

_FEWEST = 3
"""Fewer rows do not show whether the first has column names."""

_USUAL = frozenset(
    ["id", "image", "image_path", "path", "file", "filename", "file_name", "label", "target", "class", "class_name"]
)
"""A line with one of these has column names."""


@dataclass(frozen=True)
class Columns:
    """Rows with their column names.

    Attributes:
        header: column names, without surrounding blanks.
        rows: as many cells as there are columns.
        notes: what was decided about the columns.
        has_header: whether the names are from the file.
    """

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    has_header: bool = True


def named_columns(rows: Sequence[Row], name: str, unit: str = "line") -> Columns:
    """Separate the line of column names from the rows.

    If the first line has the path of an image, or is like all other rows, it is a row. The columns get the names
    `image_path` and `label` where it is clear which is which, else `column 1`, `column 2` … If all rows have one cell
    more than there are names, the first is an index that counts them (as R writes it), or the last is empty after a
    delimiter at the end.

    Raises:
        TableError: rows with more or fewer cells than there are columns; all of them are named.
    """
    usual = any(cell.strip().casefold() in _USUAL for cell in rows[0].cells)
    images = [] if usual else _paths(rows)
    is_list = bool(images) or (not usual and _begins_with_a_row(rows))
    columns = _as_list(rows, images, name) if is_list else _with_names(rows, name)
    width = len(columns.header)
    wrong = [f"{unit} {row.line} has {len(row.cells)}" for row in columns.rows if len(row.cells) != width]
    if wrong:
        raise TableError(f"{name}: {width} columns are named, but rows have more or fewer cells: {listed(wrong)}")
    return columns


def _with_names(rows: Sequence[Row], name: str) -> Columns:
    header = tuple(cell.strip() for cell in rows[0].cells)
    body = tuple(rows[1:])
    if not body or any(len(row.cells) != len(header) + 1 for row in body):
        return Columns(header, body)
    if not any(row.cells[-1].strip() for row in body):
        return Columns(header, tuple(replace(row, cells=row.cells[:-1]) for row in body))
    if not _counts([row.cells[0] for row in body]):
        return Columns(header, body)
    return Columns(("", *header), body, (f"{name}: the first cell of each row has no column name; it is an index",))


def _as_list(rows: Sequence[Row], images: Sequence[int], name: str) -> Columns:
    width = len(rows[0].cells)
    header = [f"column {k + 1}" for k in range(width)]
    if len(images) == 1:
        header[images[0]] = IMAGE
        others = [k for k in range(width) if k not in images]
        labels = [k for k in others if not _counts([row.cells[k] for row in rows if k < len(row.cells)])] or others
        if len(labels) == 1:
            header[labels[0]] = LABEL
    note = f"{name} has no line of column names; its columns were named {listed(map(repr, header))}"
    return Columns(tuple(header), tuple(rows), (note,), has_header=False)


def _begins_with_a_row(rows: Sequence[Row]) -> bool:
    """Return whether the first line is a row: one of its texts occurs again, or it has numbers where all rows have.

    The numbers 0 to n-1 are names that pandas writes, unless the rows continue them.
    """
    columns = list(zip(*(row.cells for row in rows), strict=False))
    if len(rows) < _FEWEST or any(len(row.cells) != len(columns) for row in rows):
        return False
    others = [column for column in columns if not all(cell.strip().isdecimal() for cell in column)]
    if others:
        repeated = sum(row.cells == rows[0].cells for row in rows)
        return any(_recurs(column, repeated) for column in others)
    names = [str(number) for number in range(len(columns))]
    return [column[0] for column in columns] != names or any(map(_counts, columns))


def _recurs(column: Sequence[str], repeated: int) -> bool:
    """Return whether the first cell occurs again, or all cells differ from it in their digits alone."""
    first = column[0].strip()
    if not first or first.isdecimal():
        return False
    form = re.sub(r"\d+", "#", first)
    alike = form != first and all(re.sub(r"\d+", "#", cell.strip()) == form for cell in column)
    return alike or sum(cell.strip() == first for cell in column) > repeated


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


def _counts(cells: Sequence[str]) -> bool:
    """Return whether the cells count the rows from 0 or 1."""
    return len(cells) > 1 and any(list(cells) == [str(k + first) for k in range(len(cells))] for first in (0, 1))
