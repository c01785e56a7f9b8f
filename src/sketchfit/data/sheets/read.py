"""Read a table file of any supported format."""

from __future__ import annotations

from pathlib import Path

from sketchfit.data.sheets.appended import append_sheets
from sketchfit.data.sheets.delimited import read_delimited
from sketchfit.data.sheets.encodings import Decoder
from sketchfit.data.sheets.json_tables import read_json
from sketchfit.data.sheets.names import JSON, PARQUET, WORKBOOKS, table_suffix
from sketchfit.data.sheets.packed import read_content
from sketchfit.data.sheets.shards import shards_of
from sketchfit.data.sheets.sheet import Sheet, TableError
from sketchfit.data.sheets.stroke_tables import is_stroke_table, read_strokes
from sketchfit.data.sheets.workbook import read_workbook
from sketchfit.errors import DataError


def read_sheet(path: Path, name: str | None = None, decoder: Decoder | None = None) -> Sheet:
    """Read a table file: Parquet, a workbook, JSON or strokes by its suffix, any other file as delimited text.

    Of a table in several files (see `shards`) all are read.

    Args:
        path: the file.
        name: its name in messages; by default the file name.
        decoder: how text is decoded; by default as UTF-8, or by a guess from this table alone.

    Raises:
        TableError: unreadable, no text, no header, rows with more or fewer cells than the header (all of them named).
    """
    name = name or path.name
    try:
        if is_stroke_table(path):
            return read_strokes(path, name)
        if not path.is_file():
            raise TableError(f"{name} is not a file")
        files = shards_of(path, table_suffix(path.name))
        names = [name.removesuffix(path.name) + file.name for file in files]
        return append_sheets([_read(file, own, decoder or Decoder()) for file, own in zip(files, names, strict=True)])
    except OSError as error:
        raise TableError(f"{name} cannot be read: {error.strerror or error}") from error


def open_sheet(path: Path) -> Sheet:
    """Read a table file that the user names alone; see `read_sheet`.

    Raises:
        UserError: what `read_sheet` raises as a `TableError`.
    """
    try:
        return read_sheet(path, str(path))
    except TableError as error:
        raise DataError(str(error)) from error


def open_text(path: Path) -> str:
    """Return the text of a table file, decoded as by `read_sheet`.

    Raises:
        UserError: it cannot be read, or is not text.
    """
    try:
        return Decoder().decode(read_content(path, str(path)), str(path))[0]
    except TableError as error:
        raise DataError(str(error)) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def _read(path: Path, name: str, decoder: Decoder) -> Sheet:
    suffix = table_suffix(path.name)
    if suffix in PARQUET:
        from sketchfit.data.sheets.parquet import read_parquet  # pyarrow: bundles are served without it

        return read_parquet(path, name)
    content = read_content(path, name)
    if suffix in WORKBOOKS:
        return read_workbook(content, name)
    if suffix.startswith(JSON):
        return read_json(content, name, decoder, by_line=suffix.startswith((".jsonl", ".ndjson")))
    return read_delimited(content, name, decoder)
