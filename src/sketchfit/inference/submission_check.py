"""What is wrong with a submission, by the form of the sample."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from sketchfit.data.sheets.csv_text import csv_reader
from sketchfit.data.submission import Fill, LabelFill, RankedFill, Submission
from sketchfit.data.table import Table
from sketchfit.inference.submission_text import submission_form
from sketchfit.wording import counted, listed

_SHOWN = 5


def check_submission(path: Path, table: Table) -> list[str]:
    """Return what is wrong with a submission, one sentence per problem; an empty list if it can be handed in.

    Checked: it is readable, the columns and their order, missing, surplus, duplicate and misplaced rows, and that each
    predicted label is a class in the form of the sample, and each probability a number from 0 to 1.
    """
    form = submission_form(table)
    encoding = "utf-8-sig" if form.encoding == "utf-8" else form.encoding
    try:
        with path.open(encoding=encoding, newline="") as file:
            lines = list(csv_reader(file, form.dialect.delimiter))
    except OSError as error:
        return [f"{path.name} can't be read: {error.strerror or error}"]
    except (UnicodeError, csv.Error) as error:
        return [f"{path.name} can't be read as CSV in {form.encoding}, the encoding of the sample: {error}"]
    if not lines:
        return [f"{path.name} is empty"]
    names = 0 if form.dialect.header is None else 1
    header, body = [name.strip() for name in lines[0]], [line for line in lines[names:] if line]
    if names and header != [name.strip() for name in form.dialect.header or form.columns]:
        join = form.dialect.delimiter.join
        return [f"columns are {join(header)}; the sample has {join(form.columns)}"]
    ragged = [number for number, line in enumerate(body, start=1 + names) if len(line) != len(form.columns)]
    if ragged:
        which = counted(len(ragged), "line does", "lines do")
        return [f"{which} not have {counted(len(form.columns), 'field')}: lines {listed(ragged, _SHOWN)}"]
    kept = form.kept
    problems = _key_problems([tuple(line[place] for place in kept) for line in body], form, 1 + names)
    for place in form.filled:
        problems += _cell_problems([line[place] for line in body], form.columns[place], form.fills[place], 1 + names)
    return problems


def _key_problems(found: list[tuple[str, ...]], form: Submission, first: int) -> list[str]:
    """Return what is wrong with the rows' keys; `first` is the line of the first row."""
    expected = form.keys()
    have, want = Counter(found), Counter(expected)
    problems = []
    if missing := [",".join(key) for key in want if key not in have]:
        rows = counted(len(missing), "row of the sample is", "rows of the sample are")
        problems.append(f"{rows} missing: {listed(missing, _SHOWN)}")
    if surplus := [",".join(key) for key in have if key not in want]:
        problems.append(f"{counted(len(surplus), 'row is', 'rows are')} not in the sample: {listed(surplus, _SHOWN)}")
    if repeated := [",".join(key) for key in have if key in want and have[key] > want[key]]:
        rows = counted(len(repeated), "row occurs", "rows occur")
        problems.append(f"{rows} more often than in the sample: {listed(repeated, _SHOWN)}")
    if not problems and found != expected:
        moved = [line for line, (a, b) in enumerate(zip(found, expected, strict=True), start=first) if a != b]
        problems.append(
            f"the order differs from the sample's at {counted(len(moved), 'line')}: lines {listed(moved, _SHOWN)}"
        )
    return problems


def _cell_problems(cells: list[str], column: str, fill: Fill | None, first: int) -> list[str]:
    """Return what is wrong with the cells of a column; `first` is the line of the first row."""
    wrong = [
        (line, cell) for line, cell in enumerate(cells, start=first) if fill is not None and not fill.accepts(cell)
    ]
    if not wrong:
        return []
    shown = listed([f"{cell or '(empty)'} in line {line}" for line, cell in wrong], _SHOWN)
    if isinstance(fill, LabelFill | RankedFill):
        example = listed(map(repr, fill.texts), 3)
        labels = counted(len(wrong), f"label in {column!r} is", f"labels in {column!r} are")
        return [f"{labels} of no class of the table: {shown}; classes are written {example}"]
    return [f"{counted(len(wrong), 'cell')} in {column!r} without a probability: {shown}"]
