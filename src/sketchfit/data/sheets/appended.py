"""Tables one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sketchfit.data.sheets.sheet import Sheet


@dataclass(frozen=True)
class AppendedSheet(Sheet):
    """Rows of several tables.

    Attributes:
        places: of each row: the table's name and the place in it.
    """

    places: tuple[str, ...] = ()

    def take(self, rows: Sequence[int]) -> AppendedSheet:
        """Return the table with some of its rows."""
        return replace(super().take(rows), places=tuple(self.places[row] for row in rows))

    def where(self, row: int) -> str:
        """Return the place of a row, e.g. `line 5 of val.csv`."""
        return self.places[row]


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
        notes=tuple(dict.fromkeys(note for sheet in sheets for note in sheet.notes)),
        has_header=sheets[0].has_header,
        dialect=sheets[0].dialect,
        places=tuple(f"{sheet.where(row)} of {sheet.name}" for sheet in sheets for row in range(len(sheet.rows))),
    )
