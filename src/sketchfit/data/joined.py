"""Tables joined to one by their keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sketchfit.data.sheets import Sheet


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
        joined = replace(
            joined,
            name=f"{joined.name} with {sheet.name}",
            header=(*joined.header, *(sheet.header[k] for k in new)),
            rows=rows,
        )
    return joined
