"""How delimited text is written: its delimiter, header and line ends."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """How a table's text is written, to write another table in the same way.

    Attributes:
        delimiter: between cells.
        line_end: of each line.
        header: the cells of its first line with the blanks around them; empty: not known; None: there are no column
            names.
    """

    delimiter: str = ","
    line_end: str = "\n"
    header: tuple[str, ...] | None = ()

    def text(self, header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
        """Return a table's text; cells are quoted where they must be."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator=self.line_end)
        if self.header is not None:
            writer.writerow(self.header or header)
        writer.writerows(rows)
        return text.getvalue()


PLAIN = Dialect()


def line_end_of(text: str) -> str:
    """Return the line end of a text: that of its first line."""
    first = text[: text.find("\n") + 1]
    if first:
        return "\r\n" if first.endswith("\r\n") else "\n"
    return "\r" if "\r" in text else "\n"
