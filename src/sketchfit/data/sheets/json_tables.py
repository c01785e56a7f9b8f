"""Read JSON and JSON lines as text cells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sketchfit.data.sheets.cells import as_text
from sketchfit.data.sheets.encodings import Decoder
from sketchfit.data.sheets.json_shapes import NoTableError, records_of
from sketchfit.data.sheets.sheet import Sheet, TableError
from sketchfit.wording import listed


def read_json(data: bytes, name: str, decoder: Decoder, by_line: bool = False) -> Sheet:
    """Read a JSON table: one of the shapes in `json_shapes`, or one object per line (always so if `by_line`).

    Numbers keep the text that they have in the file. Columns with lists or objects are left out, with a note. A missing
    value is empty text.

    Raises:
        TableError: no JSON, or not in the shape of a table.
    """
    text, encoding, notes = decoder.decode(data, name)
    if not text.strip():
        raise TableError(f"{name} is empty")
    try:
        records, lines = _by_line(text) if by_line else _read(text)
    except NoTableError as error:
        raise TableError(f"{name} {error}") from error
    except json.JSONDecodeError as error:
        raise TableError(f"{name} is no JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise TableError(f"{name} is nested too deeply for a table") from error
    columns = list(dict.fromkeys(column for record in records for column in record))
    nested = {key for record in records for key, value in record.items() if isinstance(value, (dict, list))}
    flat = [column for column in columns if column not in nested]
    if nested:
        notes = (*notes, f"{name}: columns with lists or objects are not used: {listed(sorted(map(repr, nested)))}")
    return Sheet(
        name=name,
        header=tuple(column.strip() for column in flat),
        rows=tuple(tuple(as_text(record.get(column)) for column in flat) for record in records),
        lines=tuple(lines or range(1, len(records) + 1)),
        unit="line" if lines else "row",
        encoding=encoding,
        notes=notes,
    )


def _read(text: str) -> tuple[Sequence[dict[str, Any]], list[int]]:
    """Return the rows, and the line of each if there is one row per line."""
    try:
        return records_of(_parse(text)), []
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":  # text after the first value: there may be one per line
            raise
    return _by_line(text)


def _by_line(text: str) -> tuple[list[dict[str, Any]], list[int]]:
    records, lines = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            value = _parse(line, number)
            if not isinstance(value, dict):
                raise NoTableError(f"is not a table: line {number} is not an object of columns and values")
            records.append(value)
            lines.append(number)
    return records, lines


def _parse(text: str, line: int = 1) -> Any:
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        error.lineno += line - 1
        raise
