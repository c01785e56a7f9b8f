"""Tables joined to one: by their keys, or one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sketchfit.data.sheets import Sheet


@dataclass(frozen=True)
class AppendedSheet(Sheet):
    """Rows of several tables.

    Attributes:
        places: of each row: the table's name and the place in it.
    """

    places: tuple[str, ...] = ()

    def where(self, row: int) -> str:
        """Return the place of a row, e.g. `line 5 of val.csv`."""
        return self.places[row]


def join_key(sheets: Sequence[Sheet]) -> str | None:
    """Return the first column that identifies the same rows in all tables, or None."""
    for name in sheets[0].header:
        if name and all(name in sheet.header for sheet in sheets):
            cells = [sheet.column(name) for sheet in sheets]
            if all(len(set(one)) == len(one) and set(one) == set(cells[0]) for one in cells):
                return name
    return None


def join_by_key(sheets: Sequence[Sheet], key: str) -> Sheet:
    """Return the first table with the further columns of the others.

    Args:
        sheets: tables with the same keys.
        key: column of keys.
    """
    joined = sheets[0]
    for sheet in sheets[1:]:
        new = [k for k, name in enumerate(sheet.header) if name not in joined.header]
        by_key = dict(zip(sheet.column(key), sheet.rows, strict=True))
        rows = tuple(
            (*row, *(by_key[cell][k] for k in new)) for row, cell in zip(joined.rows, joined.column(key), strict=True)
        )
        joined = replace(joined, header=(*joined.header, *(sheet.header[k] for k in new)), rows=rows)
    return joined


def rows_of(sheet: Sheet, rows: Sequence[int]) -> Sheet:
    """Return a table with some of its rows (of one that was not appended)."""
    return replace(sheet, rows=tuple(sheet.rows[row] for row in rows), lines=tuple(sheet.lines[row] for row in rows))


def append_sheets(sheets: Sequence[Sheet]) -> Sheet:
    """Return the rows of all tables, one table after the other; a column that a table lacks is empty there."""
    if len(sheets) == 1:
        return sheets[0]
    header = tuple(dict.fromkeys(name for sheet in sheets for name in sheet.header))
    rows: list[tuple[str, ...]] = []
    for sheet in sheets:
        position = [sheet.header.index(name) if name in sheet.header else None for name in header]
        rows += [tuple("" if k is None else row[k] for k in position) for row in sheet.rows]
    return AppendedSheet(
        name=" and ".join(dict.fromkeys(sheet.name for sheet in sheets)),
        header=header,
        rows=tuple(rows),
        lines=tuple(line for sheet in sheets for line in sheet.lines),
        unit=sheets[0].unit,
        encoding=sheets[0].encoding,
        places=tuple(f"{sheet.where(row)} of {sheet.name}" for sheet in sheets for row in range(len(sheet.rows))),
    )
