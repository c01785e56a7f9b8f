"""Find the column names of delimited rows: a line of names, or none in a list of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sketchfit.data.sheets.first_row import columns_of_list, counts_rows, names_like_paths
from sketchfit.data.sheets.sheet import Row, TableError
from sketchfit.wording import listed

IMAGE, LABEL = "image_path", "label"
"""Names of the columns of a list without column names."""


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

    Whether the first line has names: `columns_of_list`. Without them, the columns get the names `image_path` and
    `label` where it is clear which is which, else `column 1`, `column 2` … If all rows have one cell more than there
    are names, the first is an index that counts them (as R writes it), or the last is empty after a delimiter at the
    end.

    Raises:
        TableError: rows with more or fewer cells than there are columns; all of them are named.
    """
    images = columns_of_list(rows)
    columns = _with_names(rows, name) if images is None else _as_list(rows, images, name)
    if images is None and (doubtful := names_like_paths(rows)):
        note = f"{name}: {listed(map(repr, doubtful))} is read as a column name; if it is a path, add a line of names"
        columns = replace(columns, notes=(*columns.notes, note))
    width = len(columns.header)
    wrong = [f"{unit} {row.line} has {len(row.cells)}" for row in columns.rows if len(row.cells) != width]
    if wrong:
        raise TableError(f"{name}: {width} columns are named, but rows have more or fewer cells: {listed(wrong)}")
    return columns


def _with_names(rows: Sequence[Row], name: str) -> Columns:
    """Return rows with the names in the first line, which may lack that of an index; see `named_columns`."""
    header = tuple(cell.strip() for cell in rows[0].cells)
    body = tuple(rows[1:])
    has_one_more = bool(body) and all(len(row.cells) == len(header) + 1 for row in body)
    if not has_one_more:
        return Columns(header, body)
    if not any(row.cells[-1].strip() for row in body):
        return Columns(header, tuple(replace(row, cells=row.cells[:-1]) for row in body))
    if not counts_rows([row.cells[0] for row in body]):
        return Columns(header, body)
    return Columns(("", *header), body, (f"{name}: the first cell of each row has no column name; it is an index",))


def _as_list(rows: Sequence[Row], images: Sequence[int], name: str) -> Columns:
    """Return rows without column names: with `image_path` and `label` where it is clear which columns these are."""
    width = len(rows[0].cells)
    header = [f"column {k + 1}" for k in range(width)]
    if len(images) == 1:
        header[images[0]] = IMAGE
        others = [k for k in range(width) if k not in images]
        labels = [k for k in others if not counts_rows(_column(rows, k))] or others
        if len(labels) == 1:
            header[labels[0]] = LABEL
    note = f"{name} has no line of column names; its columns were named {listed(map(repr, header))}"
    return Columns(tuple(header), tuple(rows), (note,), has_header=False)


def _column(rows: Sequence[Row], k: int) -> list[str]:
    """Return the cells of a column; rows may have too few."""
    return [row.cells[k] for row in rows if k < len(row.cells)]
