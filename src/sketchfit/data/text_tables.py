"""Read CSV, TSV and Parquet as text cells, with the line of each row."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sketchfit.errors import UserError
from sketchfit.wording import listed

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
PARQUET_SUFFIXES = (".parquet", ".pq")
TABLE_SUFFIXES = TEXT_SUFFIXES + PARQUET_SUFFIXES

MAX_BYTES = 1 << 30
"""A larger table is not read."""


class TableError(Exception):
    """A table that cannot be read. Its arguments are the problems, one sentence each, with the name of the file."""


@dataclass(frozen=True)
class Sheet:
    """Cells of a table as text.

    Attributes:
        name: name of the file in messages.
        header: column names, without surrounding blanks.
        rows: the unchanged cells of each row, as many as there are columns.
        lines: line of the file (for Parquet: row, counted from 1) where each row begins.
        unit: "line" or "row", the unit of `lines`.
        encoding: Python's name of the text encoding; "utf-8" for Parquet.
        guessed: whether the encoding was guessed, as the file has no byte order mark and is not UTF-8.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    unit: str
    encoding: str
    guessed: bool = False

    def column(self, name: str) -> tuple[str, ...]:
        """Return the cells of a column, from top to bottom."""
        position = self.header.index(name)
        return tuple(row[position] for row in self.rows)

    def where(self, row: int) -> str:
        """Return the place of a row, e.g. `line 5`."""
        return f"{self.unit} {self.lines[row]}"


def read_sheet(path: Path, name: str | None = None) -> Sheet:
    """Read a table file: Parquet by its suffix, any other file as delimited text.

    Text is UTF-8, or UTF-16 with a byte order mark, else Korean (cp949, EUC-KR), else Western (cp1252); delimited by
    comma, semicolon, tab or bar, whichever is most frequent in the header. Empty lines are skipped.

    Args:
        path: the file.
        name: its name in messages; by default the file name.

    Raises:
        TableError: unreadable, no text, no header, rows with more or fewer cells than the header (all of them named).
    """
    name = name or path.name
    try:
        if not path.is_file():
            raise TableError(f"{name} is not a file")
        if path.stat().st_size > MAX_BYTES:
            raise TableError(f"{name} is larger than {MAX_BYTES:,} bytes: is it a table?")
        if path.suffix.lower() in PARQUET_SUFFIXES:
            return _read_parquet(path, name)
        return _read_text(path.read_bytes(), name)
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
        raise UserError(str(error)) from error


def open_text(path: Path) -> str:
    """Return the text of a table file, decoded as by `read_sheet`.

    Raises:
        UserError: it cannot be read, or is not text.
    """
    try:
        return _decode(path.read_bytes(), str(path))[0]
    except TableError as error:
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from error


def _read_parquet(path: Path, name: str) -> Sheet:
    try:
        table = pq.read_table(path)
        flat = [k for k, field in enumerate(table.schema) if not pa.types.is_nested(field.type)]
        columns = [["" if cell is None else str(cell) for cell in table.column(k).to_pylist()] for k in flat]
    except (pa.ArrowException, OSError, ValueError) as error:
        raise TableError(f"{name} is not a readable Parquet file: {str(error).splitlines()[0]}") from error
    rows = tuple(zip(*columns, strict=True))
    lines = tuple(range(1, len(rows) + 1))
    return Sheet(name, _checked_header(tuple(table.schema.names[k] for k in flat), name), rows, lines, "row", "utf-8")


def _read_text(data: bytes, name: str) -> Sheet:
    if data.startswith(b"PK\x03\x04"):
        raise TableError(f"{name} is an Excel workbook or a ZIP archive, not text: save it as CSV")
    if data.startswith(b"PAR1"):
        raise TableError(f"{name} is Parquet: give it the suffix .parquet")
    text, encoding, guessed = _decode(data, name)
    if text.lstrip().lower().startswith(("<!doctype html", "<html")):
        raise TableError(f"{name} is a web page (HTML), not a table: the download went wrong")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    header: tuple[str, ...] | None = None
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    begin = 1
    try:
        for cells in reader:
            if header is None:
                header = tuple(cell.strip() for cell in cells) if any(cell.strip() for cell in cells) else None
            elif cells:
                rows.append(tuple(cells))
                lines.append(begin)
            begin = reader.line_num + 1
    except csv.Error as error:
        raise TableError(f"{name}, line {begin}: {error} (a quote that is not closed?)") from error
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
        lines.pop()
    if header is None:
        raise TableError(f"{name} is empty: it has no line of column names")
    header = _checked_header(header, name)
    wrong = [f"line {line} has {len(row)}" for row, line in zip(rows, lines, strict=True) if len(row) != len(header)]
    if wrong:
        raise TableError(f"{name}: {len(header)} columns are named, but rows have more or fewer cells: {listed(wrong)}")
    return Sheet(name, header, tuple(rows), tuple(lines), "line", encoding, guessed)


def _checked_header(header: tuple[str, ...], name: str) -> tuple[str, ...]:
    twice = sorted({column for column in header if column and header.count(column) > 1})
    if twice:
        raise TableError(f"{name}: more than one column is named {listed([repr(column) for column in twice])}")
    return header


def _decode(data: bytes, name: str) -> tuple[str, str, bool]:
    """Return the text, Python's name of its encoding, and whether that was guessed."""
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    for mark, encoding in marks:
        if data.startswith(mark):
            try:
                return data.decode(encoding), encoding, False
            except UnicodeDecodeError as error:
                raise TableError(f"{name} is marked as {encoding}, but byte {error.start} is not") from error
    if b"\0" in data:
        raise TableError(f"{name} is not text (it contains zero bytes): save it as CSV in UTF-8")
    try:
        return data.decode("utf-8"), "utf-8", False
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("cp949")
        if _looks_korean(text):
            return text, "cp949", True
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), "cp1252", True
    except UnicodeDecodeError as error:
        raise TableError(f"{name} is not text in UTF-8, Korean or Western encoding: save it as UTF-8") from error


def _looks_korean(text: str) -> bool:
    """Return whether most non-ASCII characters are in KS X 1001: random bytes give rare characters of cp949."""
    beyond = [character for character in text if not character.isascii()]
    return 2 * sum(bool(character.encode("euc_kr", "ignore")) for character in beyond) >= len(beyond)


def _delimiter(text: str) -> str:
    header = next((line for line in text.splitlines() if line.strip()), "")
    outside = "".join(header.split('"')[::2])
    return max(",;\t|", key=outside.count)
