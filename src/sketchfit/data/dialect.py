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
        quoted: whether all cells are in quotes, and not only those that must be.
    """

    delimiter: str = ","
    line_end: str = "\n"
    header: tuple[str, ...] | None = ()
    quoted: bool = False

    def text(self, header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
        """Return a table's text; cells are quoted where they must be."""
        names = [] if self.header is None else [self.header or header]
        return "".join(self._line(cells) + self.line_end for cells in (*names, *rows))

    def _line(self, cells: Iterable[object]) -> str:
        """Return a line without its end."""
        text = io.StringIO()
        # With this line end the writer also quotes cells that have a carriage return.
        end = "\r\n"
        if self.quoted:
            csv.writer(text, delimiter=self.delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerow(cells)
        else:
            csv.writer(text, delimiter=self.delimiter, lineterminator=end).writerow(cells)
        return text.getvalue().removesuffix(end)


PLAIN = Dialect()


def line_end_of(text: str) -> str:
    """Return the line end of a text: that of its first line."""
    first = text[: text.find("\n") + 1]
    if first:
        return "\r\n" if first.endswith("\r\n") else "\n"
    return "\r" if "\r" in text else "\n"
