"""Read Excel workbooks as text cells."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime, time
from typing import Any

from sketchfit.data.sheets.cells import as_text
from sketchfit.data.sheets.header import named_columns
from sketchfit.data.sheets.packed import most_unpacked
from sketchfit.data.sheets.sheet import Row, Sheet, TableError
from sketchfit.wording import listed


def read_workbook(data: bytes, name: str) -> Sheet:
    """Read the only worksheet with content of an Excel workbook (.xlsx); formulas by their stored results.

    Numbers that a format of zeros shows with leading zeros (`007`) have them in the text too.

    Raises:
        TableError: it is damaged, too large, encrypted, empty, or has more than one worksheet with content.
    """
    import openpyxl  # slow to import, and rarely needed

    try:
        _check_size(data, name)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        filled = {sheet.title: rows for sheet in book.worksheets if (rows := list(_rows(sheet)))}
    except TableError:
        raise
    except Exception as error:  # openpyxl passes on what its parsers of ZIP, XML and numbers raise
        raise TableError(f"{name} is not a readable Excel workbook: {str(error) or type(error).__name__}") from error
    if not filled:
        raise TableError(f"{name} is empty: no worksheet has a cell with content")
    if len(filled) > 1:
        titles = listed(map(repr, filled))
        raise TableError(f"{name} has {len(filled)} worksheets with content, {titles}: save each as a file of its own")
    columns = named_columns(_without_margins(next(iter(filled.values()))), name, "row")
    return Sheet(
        name=name,
        header=columns.header,
        rows=tuple(row.cells for row in columns.rows),
        lines=tuple(row.line for row in columns.rows),
        unit="row",
        notes=columns.notes,
        has_header=columns.has_header,
    )


def _check_size(data: bytes, name: str) -> None:
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableError(f"{name} is a workbook with a password, or of an old version of Excel: save it as CSV")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(part.file_size for part in archive.infolist()) > (most := most_unpacked(len(data))):
            raise TableError(f"{name} is larger than {most:,} bytes after decompression: is it a table?")


def _rows(sheet: Any) -> Iterator[Row]:
    sheet.reset_dimensions()  # some programs store a wrong extent
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        texts = tuple(_text(cell) for cell in cells)
        if any(text.strip() for text in texts):
            yield Row(number, texts)


def _text(cell: Any) -> str:
    value = cell.value
    if isinstance(value, int) and not isinstance(value, bool) and re.fullmatch("0+", cell.number_format or ""):
        return str(value).zfill(len(cell.number_format))
    if isinstance(value, datetime) and value.time() == time():
        return str(value.date())
    return as_text(value)


def _without_margins(rows: list[Row]) -> list[Row]:
    """Return rows of equal length without columns that are empty in all of them."""
    width = max(len(row.cells) for row in rows)
    padded = [row.cells + ("",) * (width - len(row.cells)) for row in rows]
    kept = [k for k in range(width) if any(cells[k].strip() for cells in padded)]
    return [Row(row.line, tuple(cells[k] for k in kept)) for row, cells in zip(rows, padded, strict=True)]
