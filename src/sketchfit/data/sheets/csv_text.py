"""Read CSV text with cells of any length."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sketchfit.data.sheets.sheet import MAX_BYTES

if TYPE_CHECKING:
    from _csv import Reader


def csv_reader(lines: Iterable[str], delimiter: str, strict: bool = False) -> Reader:
    """Return a reader of rows, in which a cell may be as long as a file may be.

    Args:
        lines: the text, with its line ends.
        delimiter: between cells.
        strict: whether text after a closing quote, and a quote that is not closed, is a `csv.Error`.
    """
    csv.field_size_limit(MAX_BYTES)  # 131,072 characters by default; masks in run-length encoding are longer
    return csv.reader(lines, delimiter=delimiter, strict=strict)
