"""Drawings as strokes, one JSON object per line as in Quick, Draw!, as a table: one row per drawing.

https://github.com/googlecreativelab/quickdraw-dataset
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sketchfit.data.containers import MOST_BYTES, MOST_LINE, STROKE_SUFFIX, is_container, member_path
from sketchfit.data.sheets.cells import as_text
from sketchfit.data.sheets.sheet import Sheet, TableError
from sketchfit.data.split_names import role_of
from sketchfit.regular import open_regular
from sketchfit.wording import counted, listed

ALL_FILES = f"*{STROKE_SUFFIX}"
"""Name of the table of all files of strokes in a folder, except those that are named like a split."""

_IMAGE = "image_path"
_STROKES = "drawing"


def is_stroke_table(path: Path) -> bool:
    """Return whether a path is a file of strokes, or means all of them in a folder."""
    return path.name == ALL_FILES or is_container(path)


def read_strokes(path: Path, name: str) -> Sheet:
    """Read a file of strokes, or all of a folder (`train/*.ndjson`), in the order of their names.

    The column `image_path` has what `containers` finds a drawing by; the others are the fields of the lines, such as
    `word`, without the strokes.

    Raises:
        TableError: lines that are no JSON objects with strokes; all of them named.
    """
    files = [path]
    if path.name == ALL_FILES:
        files = [file for file in sorted(path.parent.iterdir()) if is_container(file) and not _names_split(file.name)]
    wrong: list[str] = []
    lines = [line for file in files for line in _lines(file, wrong)]
    if wrong:
        raise TableError(f"{name}: not a JSON object with strokes ({counted(len(wrong), 'line')}): {listed(wrong)}")
    fields = list(dict.fromkeys(field for _, values in lines for field in values if field != _STROKES))
    return Sheet(
        name=name,
        header=(_IMAGE, *fields),
        rows=tuple((image, *(as_text(values.get(field)) for field in fields)) for image, values in lines),
        lines=tuple(range(1, len(lines) + 1)),
        unit="drawing",
    )


def _lines(file: Path, wrong: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the path of each drawing, relative to its folder, and the fields of its line."""
    with open_regular(file, MOST_BYTES) as content:
        for number, line in enumerate(iter(lambda: content.readline(MOST_LINE), b""), start=1):
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except (ValueError, RecursionError):
                values = None
            if isinstance(values, dict) and _STROKES in values:
                yield member_path(file.name, number), values
            else:
                wrong.append(f"line {number} of {file.name}")


def stroke_tables(folder: Path, names: Sequence[str]) -> list[str]:
    """Return the tables of the files of strokes in a folder: those named like a split, and one of all others.

    Args:
        folder: the folder.
        names: names of its files.
    """
    found = [name for name in names if is_container(folder / name)]
    others = [name for name in found if not _names_split(name)]
    return [*(name for name in found if _names_split(name)), *(others if len(others) < 2 else [ALL_FILES])]


def _names_split(name: str) -> bool:
    return role_of(name.removesuffix(STROKE_SUFFIX)) is not None
