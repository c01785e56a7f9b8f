"""Read the sample submission: match its rows to the test rows, and find the columns to fill."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sketchfit.data.checks import IMAGE_COLUMNS, TableProblems, find_column
from sketchfit.data.labels import Classes
from sketchfit.data.row_keys import MIN_SHARE, are_positions, best_match, is_id, matched
from sketchfit.data.sample_columns import fill_columns
from sketchfit.data.sample_labels import KnownClasses
from sketchfit.data.sheets import Sheet
from sketchfit.data.submission import Submission
from sketchfit.data.testing import Testing
from sketchfit.wording import listed

FEW = 0.1
"""Share of the rows that a column of labels may match by chance."""
MAX_KEYS = 10
"""Columns that are compared with the test rows; a sample with one column per class has hundreds."""


def read_sample(
    sheet: Sheet, testing: Testing, known: KnownClasses | None, image_column: str | None, problems: TableProblems
) -> Submission | None:
    """Read the form of the submission.

    Rows are matched by the image column if the sample has one, else by the column that matches best: with the test
    table's column of the same name, with the names of the test images, or with another column of IDs in the test
    table; with or without folder, suffix and letter case. Numbers of rows are matched by position, with a note. Each
    sample row must match a test row, and each test row must be matched.

    Args:
        sheet: the sample.
        testing: the test rows.
        known: the classes; None if they are not known because the training table has problems.
        image_column: the user's name of the column of images.
        problems: receives notes, and what is wrong.

    Returns:
        None if there are problems.
    """
    before = len(problems.found)
    if len(sheet.header) < 2:
        problems.add(f"{sheet.name}: it needs a column of IDs and one to fill; it has only {sheet.header[0]!r}")
    if not sheet.rows:
        problems.add(f"{sheet.name} is empty: it has column names and no row")
    if len(problems.found) > before:
        return None
    key, rows = _find_key(sheet, testing, image_column)
    rows = _by_position(sheet, key, rows, testing, problems)
    _check_unique(sheet, key, image_column, problems)
    _check_rows(sheet, key, rows, testing, problems)
    if known is None or len(problems.found) > before:
        return None
    given = () if testing.sheet is None else testing.sheet.header
    fills = fill_columns(sheet, key, given, known, problems)
    if fills is None:
        return None
    encoding = _encoding(sheet, known.classes, problems)
    return Submission(sheet.header, sheet.rows, np.array(rows, dtype=np.int64), fills, encoding, sheet.dialect)


def _encoding(sheet: Sheet, classes: Classes, problems: TableProblems) -> str:
    """Return the sample's encoding, or UTF-8 with a note where that cannot write the labels."""
    try:
        "".join((*classes.labels, *classes.names)).encode(sheet.encoding)
    except UnicodeEncodeError as error:
        shown = repr(error.object[error.start])
        problems.note(f"{sheet.name} is {sheet.encoding}, which has no {shown}; the submission is written in UTF-8")
        return "utf-8"
    return sheet.encoding


def _find_key(sheet: Sheet, testing: Testing, image_column: str | None) -> tuple[int, list[int]]:
    """Return the position of the column that identifies rows, and the test row of each row (-1: none)."""
    usual = IMAGE_COLUMNS if image_column is None else (image_column, *IMAGE_COLUMNS)
    image = find_column(sheet, usual)
    columns = () if testing.sheet is None else testing.sheet.header
    own = {column.casefold() for column in columns}

    def preference(place: int) -> tuple[bool, bool, bool]:
        name = sheet.header[place]
        return name != image, name.casefold() not in own, not is_id(name)

    best: tuple[int, list[int]] | None = None
    for place in sorted(range(len(sheet.header)), key=preference)[:MAX_KEYS]:
        cells = [row[place] for row in sheet.rows]
        rows = best_match(cells, _ways(testing, sheet.header[place]))
        if matched(rows) > MIN_SHARE * max(len(sheet.rows), len(testing.split)):
            return place, rows
        if best is None or matched(rows) > max(matched(best[1]), FEW * len(sheet.rows)):
            best = (place, rows)
    assert best is not None  # a sheet has columns
    return best


def _ways(testing: Testing, name: str) -> list[Sequence[str]]:
    """Return what the cells of a sample's column may be, the likeliest first."""
    split, sheet = testing.split, testing.sheet
    ways: list[Sequence[str]] = [split.names, split.paths]
    if sheet is not None:
        same = find_column(sheet, (name,)) if name else None
        ways = [*([sheet.column(same)] if same else []), *ways]
        ways += [sheet.column(column) for column in sheet.header if column != same and is_id(column)]
    return ways


def _by_position(sheet: Sheet, key: int, rows: list[int], testing: Testing, problems: TableProblems) -> list[int]:
    """Return the test rows by position where the keys are numbers of rows and match nothing."""
    cells = [row[key] for row in sheet.rows]
    count = len(testing.split)
    if matched(rows) > 0 or testing.sheet is None or len(cells) != count or not are_positions(cells):
        return rows
    problems.note(
        f"{sheet.name}: {sheet.header[key]!r} numbers the rows; they are matched to the test table by position"
    )
    return list(range(count))


def _check_unique(sheet: Sheet, key: int, image_column: str | None, problems: TableProblems) -> None:
    """Report IDs that occur twice; images may."""
    usual = {name.casefold() for name in (*IMAGE_COLUMNS, image_column or "")}
    ids = {place for place, name in enumerate(sheet.header) if name.casefold() == "id"}
    for place in sorted(ids | ({key} if sheet.header[key].casefold() not in usual else set())):
        seen: dict[str, int] = {}
        twice: list[tuple[int, str]] = []
        for row, cells in enumerate(sheet.rows):
            cell = cells[place].strip()
            if cell in seen:
                twice.append((row, f"{cell!r} (first on {sheet.where(seen[cell])})"))
            seen.setdefault(cell, row)
        problems.rows(sheet, f"{sheet.header[place]!r} repeated", twice)


def _check_rows(sheet: Sheet, key: int, rows: Sequence[int], testing: Testing, problems: TableProblems) -> None:
    """Report sample rows without a test row, and test rows that are not in the sample."""
    split = testing.split
    lost = [(row, repr(sheet.rows[row][key])) for row, found in enumerate(rows) if found < 0]
    after = f"The test images are called {listed(map(repr, split.names), 3)}."
    problems.rows(
        sheet, "no test row with this name", lost, after if len(split) else "There is no test table or folder."
    )
    unused = sorted(set(range(len(split))) - set(rows))
    if not unused or len(lost) == len(rows):
        return
    named = [(row, repr(split.names[row])) for row in unused]
    if testing.sheet is not None:
        problems.rows(testing.sheet, f"not in {sheet.name}", named)
    else:
        problems.add(
            f"{sheet.name} lacks {len(named):,} of the test images: {listed(name for _, name in named)}. Add rows, "
            "remove the images, or, if the sample is only an example, remove the sample."
        )
