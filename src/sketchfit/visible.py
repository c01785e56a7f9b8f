"""Makes texts from names of files, classes and columns harmless where people read them: on terminals and in sheets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that steer a terminal, end a line, turn the direction of a text, or stand for no character; line feeds and
tabs are not among them."""

FORMULA = tuple("=+-@＝＋－＠")
"""A cell that begins with one of these is computed by spreadsheet programs."""


def visible(text: str) -> str:
    r"""Replace control characters by their code, e.g. ESC by `\x1b`; line feeds and tabs stay.

    Examples:
        >>> visible("red\x1b[31m\tname\n")
        'red\\x1b[31m\tname\n'
    """
    return CONTROL.sub(_code, text)


def one_line(text: str) -> str:
    r"""Replace control characters, line feeds and tabs by their code."""
    return re.sub(r"[\n\t]", _code, visible(text))


def cell(value: object) -> object:
    """Return a value as a cell of a CSV for people; only texts change.

    Control characters become visible, and a text that a spreadsheet program would compute gets an apostrophe in front.
    Numbers as texts stay.

    Examples:
        >>> cell("=HYPERLINK(1)"), cell("-0.5"), cell(-0.5)
        ("'=HYPERLINK(1)", '-0.5', -0.5)
    """
    if not isinstance(value, str):
        return value
    text = one_line(value)
    return f"'{text}" if text.startswith(FORMULA) and not _is_number(text) else text


def people_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a CSV for people, with harmless cells. Submissions and predictions are read by programs: not with this."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(cell, header))
    writer.writerows(map(cell, row) for row in rows)
    return text.getvalue()


def _code(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
