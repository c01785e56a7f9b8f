"""Read delimited text (CSV, TSV, text) as text cells."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from sketchfit.data.dialect import Dialect, line_end_of
from sketchfit.data.sheets.csv_text import csv_reader
from sketchfit.data.sheets.encodings import Decoder
from sketchfit.data.sheets.header import named_columns
from sketchfit.data.sheets.sheet import MOST_CELLS, Row, Sheet, TableError
from sketchfit.data.sheets.spaced import is_spaced_list, read_spaced_list

_LINES = 10
"""Lines that show the delimiter, and whether all cells are in quotes."""

_OTHER_FORMATS = (
    (b"PK\x03\x04", "is an Excel workbook or a ZIP archive, not text: give it the suffix .xlsx or .zip"),
    (b"PAR1", "is Parquet: give it the suffix .parquet"),
    (b"\x1f\x8b", "is compressed with gzip: add .gz to its name"),
    (b"\xd0\xcf\x11\xe0", "is a workbook of an old version of Excel: save it as .xlsx or CSV"),
)


def read_delimited(data: bytes, name: str, decoder: Decoder) -> Sheet:
    """Read delimited text.

    The delimiter is a comma, semicolon, tab or bar of the first line: one that the next lines have equally often, else
    the most frequent one. A list of paths, blanks and labels is read too. Empty lines are skipped.

    Raises:
        TableError: not text, empty, or rows with more or fewer cells than there are columns (all of them named).
    """
    for mark, what in _OTHER_FORMATS:
        if data.startswith(mark):
            raise TableError(f"{name} {what}")
    text, encoding, notes = decoder.decode(data, name)
    if text.lstrip().lower().startswith(("<!doctype html", "<html")):
        raise TableError(f"{name} is a web page (HTML), not a table: the download went wrong")
    text, delimiters = _without_setting(text)
    lines = list(islice((line for line in text.splitlines() if line.strip()), _LINES))
    delimiter = _delimiter(lines, delimiters)
    spaced = delimiter is None and is_spaced_list(text)
    delimiter = " " if spaced else delimiter or delimiters[0]
    rows = read_spaced_list(text) if spaced else _parse(text, delimiter, name)
    if not rows:
        raise TableError(f"{name} is empty: it has no line of column names")
    columns = named_columns(rows, name)
    form = Dialect(delimiter, line_end_of(text), rows[0].cells if columns.has_header else None)
    return Sheet(
        name=name,
        header=columns.header,
        rows=tuple(row.cells for row in columns.rows),
        lines=tuple(row.line for row in columns.rows),
        unit="line",
        encoding=encoding,
        notes=(*notes, *columns.notes),
        has_header=columns.has_header,
        dialect=replace(form, quoted=_is_quoted(text, rows, form)),
    )


def _without_setting(text: str) -> tuple[str, str]:
    """Return a text without Excel's line `sep=;`, and the delimiters that it may have."""
    found = re.match(r"sep=([,;\t|])\s*\n", text)
    return (text[found.end() - 1 :], found[1]) if found else (text, ",;\t|")


def _delimiter(lines: Sequence[str], delimiters: str) -> str | None:
    """Return the delimiter in the first line that each line has equally often, else the most frequent one; or None."""
    outside = ["".join(line.split('"')[::2]) for line in lines]
    found = [mark for mark in delimiters if outside and mark in outside[0]]
    alike = [mark for mark in found if len({line.count(mark) for line in outside}) == 1]
    return max(alike or found, key=outside[0].count) if found else None


def _is_quoted(text: str, rows: Sequence[Row], form: Dialect) -> bool:
    """Return whether all cells of the first lines are in quotes, also those that need none."""
    quoted = replace(form, header=None, quoted=True).text((), [row.cells for row in rows[:_LINES]])
    return text.lstrip().startswith(quoted.rstrip())


def _parse(text: str, delimiter: str, name: str) -> list[Row]:
    if text.count(delimiter) + text.count("\n") > MOST_CELLS:
        raise TableError(f"{name} has more than {MOST_CELLS:,} cells: is it a table?")
    reader = csv_reader(io.StringIO(text, newline=""), delimiter, strict=True)
    rows: list[Row] = []
    begin = 1
    try:
        for cells in reader:
            if cells and (rows or any(cell.strip() for cell in cells)):
                rows.append(Row(begin, tuple(cells)))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise TableError(f"{name}, line {begin}: {error} (a quote that is not closed?)") from error
    while rows and not any(cell.strip() for cell in rows[-1].cells):
        rows.pop()
    return rows
