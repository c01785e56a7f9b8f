"""A table as text cells, with the place of each row in its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from sketchfit.data.dialect import PLAIN, Dialect
from sketchfit.wording import listed

MAX_BYTES = 1 << 30
"""A larger file of a table is not read."""

MOST_CELLS = 50_000_000
"""A table with more cells is not read: each takes 8 bytes or more."""


class TableError(Exception):
    """A table that cannot be read. Its arguments are the problems, one sentence each, with the name of the file."""


@dataclass(frozen=True)
class Row:
    """Cells of one row, and the line where it begins."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """Cells of a table as text.

    Attributes:
        name: name of the file in messages.
        header: column names, without surrounding blanks; "" for a column without a name.
        rows: the unchanged cells of each row, as many as there are columns.
        lines: line of the file (or row, counted from 1) where each row begins.
        unit: "line" or "row", the unit of `lines`.
        encoding: Python's name of the text encoding; "utf-8" for a format that is not text.
        notes: what to know about how the table was read, one sentence each.
        has_header: whether the file names its columns; if not, the names in `header` were made up.
        dialect: how its text is written; of a format that is not text, the usual way.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    unit: str
    encoding: str = "utf-8"
    notes: tuple[str, ...] = ()
    has_header: bool = True
    dialect: Dialect = PLAIN

    def __post_init__(self) -> None:
        twice = sorted({column for column in self.header if column and self.header.count(column) > 1})
        if twice:
            raise TableError(f"{self.name}: more than one column is named {listed(map(repr, twice))}")

    def column(self, name: str) -> tuple[str, ...]:
        """Return the cells of a column, from top to bottom."""
        position = self.header.index(name)
        return tuple(row[position] for row in self.rows)

    def take(self, rows: Sequence[int]) -> Self:
        """Return the table with some of its rows."""
        return replace(self, rows=tuple(self.rows[row] for row in rows), lines=tuple(self.lines[row] for row in rows))

    def where(self, row: int) -> str:
        """Return the place of a row, e.g. `line 5`."""
        return f"{self.unit} {self.lines[row]}"
