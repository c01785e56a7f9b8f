"""Tables and long lines as text. On a terminal no word is broken: what is too wide becomes a list."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sketchfit.visible import one_line

LEAST = 20
"""Columns that are assumed at least."""

SPACED = re.compile(r"\S(.*?)\s{2,}(?=\S)")
"""The first column of a line."""


def width_of(stream: Any) -> int | None:
    """Return the columns of a terminal; None where a stream is none, and lines may have any length."""
    try:
        if not stream.isatty():
            return None
    except (AttributeError, ValueError):  # there is no stream, or it is closed
        return None
    return max(LEAST, shutil.get_terminal_size().columns)


def table_lines(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Collection[int] = (),
    title: int = 0,
) -> Iterator[str]:
    """Yield a table for standard output: aligned columns, or, where they are too wide, a list of each row's cells.

    Args:
        head: names of the columns.
        rows: cells.
        right: columns that are aligned at the right.
        title: column that names a row in a list.
    """
    cells = [[one_line(cell) for cell in row] for row in rows]
    yield from _fitted(head, cells, right, title, width_of(sys.stdout))


def _fitted(
    head: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int], title: int, width: int | None
) -> Iterator[str]:
    lines = list(_aligned([head, *rows], right))
    if width is None or max(map(len, lines)) <= width:
        yield from lines
        return
    names = max(len(one) for place, one in enumerate(head) if place != title)
    for row in rows:
        yield from wrapped(row[title], width)
        for place, (name, cell) in enumerate(zip(head, row, strict=True)):
            if place != title and cell:
                yield from wrapped(f"  {name:{names}}  {cell}", width)


def _aligned(rows: Sequence[Sequence[str]], right: Collection[int]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            f"{cell:>{width}}" if place in right else f"{cell:{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def named_lines(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield names with a text each, aligned; texts that are too long for a terminal are wrapped below themselves."""
    column = max((len(name) for name, _ in rows), default=0)
    width = width_of(sys.stdout)
    for name, text in rows:
        line = f"{name:{column}}  {text}".rstrip()
        yield from [line] if width is None else wrapped(line, width)


def wrapped(text: str, width: int | None) -> list[str]:
    """Return a line as lines of at most so many characters; words are not broken, and may be longer.

    Further lines are indented: below the second column of a line that has columns, if half of the width is left.
    Commands are not wrapped, so that they can be copied.

    Example:
        >>> wrapped("claim  of all test rows together", 20)
        ['claim  of all test', '       rows together']
    """
    if width is None or len(text) <= width or "sketchfit " in text:
        return [text]
    indent = len(text) - len(text.lstrip())
    columns = SPACED.match(text[indent:])
    further = indent + columns.end() if columns and indent + columns.end() <= width // 2 else indent + 2
    return textwrap.wrap(
        text,
        width,
        subsequent_indent=" " * further,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
