"""Read the true labels of the test rows, and match them to these by their keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.checks import IMAGE_COLUMNS, LABEL_COLUMNS, NAME_COLUMNS, find_column
from sketchfit.data.label_forms import forms_of, nearest_form
from sketchfit.data.labels import BLANKS
from sketchfit.data.row_keys import MIN_SHARE, is_id, match_rows
from sketchfit.data.sample_columns import PREDICTION_COLUMNS
from sketchfit.data.sheets import Sheet
from sketchfit.errors import DataError
from sketchfit.runs.table import RunTable
from sketchfit.wording import counted, listed

Keys = Sequence[Sequence[str]]
NamedKeys = Mapping[str, Sequence[str]]

TRUE_COLUMNS = ("true_label", "true_class", "ground_truth", "true", "truth", "gt", "actual", "solution")
"""Names of a column of true labels that may be next to one of predictions."""


@dataclass(frozen=True)
class Truth:
    """The true classes.

    Attributes:
        label: int64 [M], class index of each test row.
        notes: what to know about how they were read, one sentence each.
    """

    label: NDArray[np.int64]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Matched:
    """A column of keys, and for each test row the row of the sheet with its key; -1 for none."""

    column: str
    places: list[int]


def read_truth(
    sheet: Sheet, table: RunTable, rows: int, further: Callable[[], NamedKeys], label_column: str | None = None
) -> Truth:
    """Read the true labels.

    Rows are matched by a column of images, which has the names of the test images with or without folder and suffix;
    else by a column that the user's tables have too, such as `ID`; else by one with names of images, IDs, or numbers of
    rows. Where no column can be a key, rows are matched by position, with a note.

    Args:
        sheet: the user's table. Rows that are no test rows are left out, with a note.
        table: classes and test rows of the run.
        rows: number of test rows, M.
        further: returns further keys of the test rows, [M] each, by their column in the user's tables; called where
            there is no column of images, or where it does not match.
        label_column: the user's name of the column of labels.

    Raises:
        UserError: no column of labels, rows that are missing or repeated, labels that are no class.
    """
    column = _label_column(sheet, table, label_column)
    image = find_column(sheet, IMAGE_COLUMNS)
    known = further() if image is None else {}
    names = [table.test_names] if table.test_names else []
    matched = _match_same_name(sheet, rows, known) or _match(sheet, column, rows, names)
    if matched is None:
        numbers = [[str(row + start) for row in range(rows)] for start in (0, 1)]
        own = (known if image is None else further()).values()
        matched = _match(sheet, column, rows, [*own, *numbers])
    if matched is None:
        places = _by_position(sheet, column, rows)
        notes = [f"{sheet.name} has no column that identifies the rows; they are matched by position"]
    else:
        places, notes = matched.places, _check(sheet, matched, table)
    cells = sheet.column(column)
    label, further_notes = _read_labels(sheet, [cells[place].strip(BLANKS) for place in places], table)
    return Truth(label, (*notes, *further_notes))


def _label_column(sheet: Sheet, table: RunTable, given: str | None) -> str:
    """Return the column of true labels: the user's, one with a usual name that has classes, else the only such one."""
    if given is not None and (column := find_column(sheet, (given,))) is not None:
        return column
    texts = {text for form in forms_of(table.class_labels, table.class_names) for text in form}
    fitting = [name for name in sheet.header if {cell.strip(BLANKS) for cell in sheet.column(name)} <= texts]
    true = _named(sheet, (*TRUE_COLUMNS, *LABEL_COLUMNS, *NAME_COLUMNS))
    named = [*true, *_named(sheet, PREDICTION_COLUMNS)]
    column = named[0] if named else None
    if column is not None and column not in fitting:  # it may have the numbers of classes that the run knows by name
        column = next((name for name in true if name in fitting and _are_same(sheet, column, name)), column)
    if column is not None:
        return column
    if len(fitting) != 1:
        raise DataError(
            f"{sheet.name} has no column of labels; its columns are {listed(map(repr, sheet.header))}",
            "Name the column of labels 'target' or 'label'.",
        )
    return fitting[0]


def _are_same(sheet: Sheet, one: str, other: str) -> bool:
    """Return whether two columns name the same classes in two ways."""
    left, right = sheet.column(one), sheet.column(other)
    return len(set(zip(left, right, strict=True))) == len(set(left)) == len(set(right))


def _named(sheet: Sheet, usual: Sequence[str]) -> list[str]:
    return [column for name in usual if (column := find_column(sheet, (name,))) is not None]


def _match(sheet: Sheet, label: str, rows: int, keys: Keys) -> _Matched | None:
    """Find the column with the keys of the test rows; that of the images where there is one."""
    image = find_column(sheet, IMAGE_COLUMNS)
    others = [name for name in sheet.header if name != label] if image is None else [image]
    for name in sorted(others, key=is_id, reverse=True):
        cells = sheet.column(name)
        places = max((match_rows(own, cells) for own in keys), key=_count, default=[])
        if _count(places) > MIN_SHARE * rows:
            return _Matched(name, places)
    return None


def _match_same_name(sheet: Sheet, rows: int, known: NamedKeys) -> _Matched | None:
    """Match rows by a column of the user's tables: its numbers may be those of other images."""
    for name, keys in known.items():
        column = find_column(sheet, (name,)) if name else None
        if column is not None and _count(places := match_rows(keys, sheet.column(column))) > MIN_SHARE * rows:
            return _Matched(column, places)
    return None


def _count(places: Sequence[int]) -> int:
    return sum(place >= 0 for place in places)


def _by_position(sheet: Sheet, label: str, rows: int) -> list[int]:
    """Return the rows in their order, where no column is a key."""
    image = find_column(sheet, IMAGE_COLUMNS)
    keys = [name for name in sheet.header if name != label and (name == image or is_id(name))]
    if keys:
        raise DataError(
            f"{sheet.name}: {listed(map(repr, keys))} does not name the test rows of the run, for example "
            f"{sheet.column(keys[0])[0] if sheet.rows else ''!r}",
            "Give the true labels of the images that the run predicted.",
        )
    if len(sheet.rows) != rows:
        raise DataError(
            f"{sheet.name} has {counted(len(sheet.rows), 'row')}, the run predicted {rows:,}, and no column identifies "
            "the rows",
            "Add a column with the names of the images.",
        )
    return list(range(rows))


def _check(sheet: Sheet, matched: _Matched, table: RunTable) -> list[str]:
    """Raise an error for missing and repeated rows; return notes on rows that are not used."""
    cells, used, problems = sheet.column(matched.column), set(matched.places), []
    keys = {cells[place].strip() for place in used if place >= 0}
    surplus = [row for row in range(len(cells)) if row not in used]
    twice = [f"{sheet.where(row)} {cells[row]!r}" for row in surplus if cells[row].strip() in keys]
    missing = [row for row, place in enumerate(matched.places) if place < 0]
    if missing:
        names = [repr(table.test_names[row]) if table.test_names else f"row {row}" for row in missing]
        problems.append(f"{sheet.name}: {counted(len(missing), 'test row')} missing: {listed(names)}")
    if twice:
        problems.append(f"{sheet.name}: {counted(len(twice), 'row')} repeated in {matched.column!r}: {listed(twice)}")
    if problems:
        raise DataError(problems, "Each test row needs one row with its true label.")
    return [f"{sheet.name}: {counted(len(surplus), 'row')} of other images not used"] if surplus else []


def _read_labels(sheet: Sheet, cells: Sequence[str], table: RunTable) -> tuple[NDArray[np.int64], list[str]]:
    form = nearest_form(set(cells), table.class_labels, table.class_names)
    index = {text: number for number, text in enumerate(form)}
    if unknown := sorted(set(cells) - set(index)):
        raise DataError(
            f"{sheet.name}: {listed(map(repr, unknown))} are no classes of the run "
            f"({listed(map(repr, table.class_labels), 5)})"
        )
    label = np.array([index[cell] for cell in cells], dtype=np.int64)
    if form in (table.class_labels, table.class_names):
        return label, []
    example = next(pair for pair in zip(table.class_labels, form, strict=True) if pair[0] != pair[1])
    return label, [f"{sheet.name} writes labels in another way: {example[1]!r} is read as {example[0]!r}"]
