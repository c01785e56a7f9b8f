"""Read the sample submission and match its rows to the test rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from sketchfit.data.checks import IMAGE_COLUMNS, TableProblems, find_column
from sketchfit.data.sheets import Sheet
from sketchfit.data.table import Split, Submission
from sketchfit.wording import listed


def read_sample(
    sheet: Sheet, test: Split, test_sheet: Sheet | None, image_column: str | None, problems: TableProblems
) -> Submission | None:
    """Match the sample's rows to the test rows.

    Rows are matched by the image column if the sample has one. Otherwise its first column is compared with the test
    table's column of the same name, with the names of the test images, and with these names without suffix. The last
    column is the one to fill. A test image that is listed twice is matched in order. Each sample row must match a test
    row, and each test row must be matched.

    Returns:
        None if there are problems.
    """
    before = len(problems.found)
    if len(sheet.header) < 2:
        problems.add(f"{sheet.name}: it needs an ID column and one to fill; it has only {sheet.header[0]!r}")
        return None
    if not sheet.rows:
        problems.add(f"{sheet.name} is empty: it has column names and no row")
        return None
    usual = IMAGE_COLUMNS if image_column is None else (image_column, *IMAGE_COLUMNS)
    image = find_column(sheet, usual)
    by_image = image is not None and image != sheet.header[-1]
    first = sheet.header[0]
    if image is None or not by_image or first != image:
        _check_unique(sheet, first, problems)
    column = image if by_image and image is not None else first
    wanted = [_key(cell) for cell in sheet.column(column)]
    rows = _best_match(wanted, _candidates(test, test_sheet, None if by_image else first))
    lost = [(row, repr(cell)) for row, cell in enumerate(sheet.column(column)) if rows[row] < 0]
    after = "There is no test table or folder." if len(test) == 0 else ""
    problems.rows(sheet, "no test row with this name", lost, after)
    unused = sorted(set(range(len(test))) - set(rows))
    if unused and len(lost) < len(wanted):
        _report_unused(sheet, test, test_sheet, unused, problems)
    if len(problems.found) > before:
        return None
    cells = tuple(row[:-1] for row in sheet.rows)
    return Submission(sheet.header, cells, np.array(rows, dtype=np.int64), sheet.encoding)


def _key(cell: str) -> str:
    text = cell.strip().replace("\\", "/")
    return text.removeprefix("./")


def _check_unique(sheet: Sheet, column: str, problems: TableProblems) -> None:
    seen: dict[str, int] = {}
    twice: list[tuple[int, str]] = []
    for row, cell in enumerate(sheet.column(column)):
        if cell.strip() in seen:
            twice.append((row, f"{cell!r} (first on {sheet.where(seen[cell.strip()])})"))
        seen.setdefault(cell.strip(), row)
    problems.rows(sheet, f"{column!r} repeated", twice)


def _candidates(test: Split, test_sheet: Sheet | None, id_column: str | None) -> list[list[str]]:
    """Return what the sample's cells may be, best first."""
    ways = [[_key(name) for name in test.names]]
    if id_column is None:
        return [*ways, list(test.paths)]
    column = None if test_sheet is None else find_column(test_sheet, (id_column,))
    if test_sheet is not None and column is not None:
        ways.insert(0, [_key(cell) for cell in test_sheet.column(column)])
    return [*ways, [PurePosixPath(name).stem for name in ways[-1]]]


def _best_match(wanted: Sequence[str], ways: Sequence[Sequence[str]]) -> list[int]:
    """Return the test row of each cell, -1 for none, by the candidate that matches most."""
    results = [_match(wanted, names) for names in ways]
    return max(results, key=lambda rows: sum(row >= 0 for row in rows))


def _match(wanted: Sequence[str], names: Sequence[str]) -> list[int]:
    waiting: dict[str, list[int]] = {}
    for row in reversed(range(len(names))):
        waiting.setdefault(names[row], []).append(row)
    rows = []
    for cell in wanted:
        queue = waiting.get(cell)
        rows.append(-1 if queue is None else queue.pop() if len(queue) > 1 else queue[0])
    return rows


def _report_unused(
    sheet: Sheet, test: Split, test_sheet: Sheet | None, unused: Sequence[int], problems: TableProblems
) -> None:
    named = [(row, repr(test.names[row])) for row in unused]
    if test_sheet is not None:
        problems.rows(test_sheet, f"not in {sheet.name}", named)
        return
    shown = listed(name for _, name in named)
    problems.add(f"{sheet.name} lacks {len(named):,} of the test images: {shown}")
