"""Submissions by others as members: labels or probabilities in CSV, a stated guess in place of out-of-fold rows."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np

from sketchfit.data.label_forms import nearest_form
from sketchfit.data.labels import BLANKS
from sketchfit.data.sheets.csv_text import csv_reader
from sketchfit.data.submission import LabelFill, ProbabilityFill, RankedFill, Submission
from sketchfit.data.table import Table
from sketchfit.errors import DataError
from sketchfit.inference import votes
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.submission_text import submission_form
from sketchfit.runs.probabilities import SUM_TOLERANCE
from sketchfit.wording import counted, listed

_SHOWN = 5


@dataclass(frozen=True)
class _Columns:
    """Columns of a submission.

    Attributes:
        keys: those that identify the row.
        values: one of labels, or those of probabilities.
        classes: the class of each column of probabilities.
        fill: how the column of labels is written; None for probabilities.
    """

    keys: list[int]
    values: list[int]
    classes: list[int]
    fill: LabelFill | RankedFill | None = None


def parse_external(text: str, table: Table, accuracy: float, name: str = "submission") -> Floats:
    """Read probabilities float32 [N_test, C], in the order of `table.test`, from CSV text in any order of rows.

    With the sample's columns it holds labels, which become probabilities by the stated accuracy (`votes.from_labels`).
    With the sample's key columns and one column per class (its name or its label) it holds probabilities.

    Args:
        text: the CSV.
        table: the user's tables.
        accuracy: how often its labels are believed to be right, 0 … 1.
        name: how messages call it.

    Raises:
        UserError: every problem: columns, rows missing or repeated, no such class, no probabilities.
    """
    form = submission_form(table)
    delimiter = form.dialect.delimiter if form.dialect.delimiter in text.partition("\n")[0] else ","
    try:
        reader = csv_reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter)
        lines = [line for line in reader if line]
    except csv.Error as error:
        raise DataError(f"{name} cannot be read as CSV: {error}") from error
    header, body = (lines[0], lines[1:]) if lines else ([], [])
    columns = _find_columns(header, form, table)
    if columns is None and form.dialect.header is None:
        header, body = list(form.columns), lines
        columns = _find_columns(header, form, table)
    if columns is None:
        kept = ",".join(form.columns[place] for place in form.kept)
        raise DataError(f"{name}: columns must be {','.join(form.columns)}, or {kept} and one per class")
    _check_fields(body, len(header), 1 + len(lines) - len(body), name)
    fields = _in_order(body, columns, form.keys(), name)
    if columns.fill is None:
        found = _probabilities(fields, columns, name)
    else:
        label = _labels([field[0] for field in fields], columns.fill, table, name)
        found = votes.from_labels(label, table.class_count, accuracy)
    prob = np.empty((len(table.test), table.class_count), dtype=np.float32)
    prob[form.test_row] = found
    return prob


def _check_fields(body: list[list[str]], width: int, first: int, name: str) -> None:
    """Refuse lines without the right number of fields; `first` is the number of the first line."""
    ragged = [number for number, line in enumerate(body, start=first) if len(line) != width]
    if ragged:
        raise DataError(f"{name}: lines {listed(ragged, _SHOWN)} do not have {counted(width, 'field')}")


def _in_order(body: list[list[str]], columns: _Columns, keys: list[tuple[str, ...]], name: str) -> list[list[str]]:
    """Return the values of each line in the order of the sample's keys."""
    found = {tuple(line[place] for place in columns.keys): [line[place] for place in columns.values] for line in body}
    problems = []
    if missing := [",".join(key) for key in keys if key not in found]:
        problems.append(f"{name}: {counted(len(missing), 'row is', 'rows are')} missing: {listed(missing, _SHOWN)}")
    if len(found) < len(body):
        problems.append(f"{name}: {counted(len(body) - len(found), 'row occurs', 'rows occur')} more than once")
    if problems:
        raise DataError(problems)
    return [found[key] for key in keys]


def guessed_weights(accuracies: Floats, classes: int) -> Floats:
    """Return weights float64 [M] for members of which only the accuracy is known or guessed; they sum to 1.

    Proportional to the log-odds against chance, log(a (C - 1) / (1 - a)): the weights of the best vote of independent
    members with errors spread evenly (Nitzan & Paroush 1982). 0 below chance; all equal where none is above it.

    Args:
        accuracies: float [M], 0 … 1; counted as at most 0.999.
        classes: C.
    """
    a = np.clip(np.asarray(accuracies, dtype=np.float64), 1e-9, 0.999)
    odds = np.maximum(np.log(a * (classes - 1) / (1 - a)), 0)
    return np.asarray(odds / odds.sum() if odds.sum() > 0 else np.full(len(a), 1 / len(a)))


def _find_columns(header: list[str], form: Submission, table: Table) -> _Columns | None:
    """Find the columns of the keys and of the values; None where they are neither labels nor one per class."""
    kept = [form.columns[place] for place in form.kept]
    if any(column not in header for column in kept):
        return None
    keys = [header.index(column) for column in kept]
    rest = [place for place, column in enumerate(header) if column not in kept]
    if form.columns == tuple(header):
        probabilities = {
            place: fill.index for place, fill in enumerate(form.fills) if isinstance(fill, ProbabilityFill)
        }
        if len(probabilities) == table.class_count:
            return _Columns(keys, list(probabilities), list(probabilities.values()))
    for place, fill in enumerate(form.fills):
        if isinstance(fill, LabelFill | RankedFill) and form.columns[place] in header:
            return _Columns(keys, [header.index(form.columns[place])], [], fill)
    for texts in (table.class_names, table.class_labels):
        index = {text: number for number, text in enumerate(texts)}
        classes = [index.get(header[place], -1) for place in rest]
        if sorted(classes) == list(range(table.class_count)):
            return _Columns(keys, rest, classes)
    return None


def _labels(cells: list[str], fill: LabelFill | RankedFill, table: Table, name: str) -> Ints:
    """Return the class of each cell: written as in the sample, else in another form of the table's classes."""
    given = [cell.strip(BLANKS) for cell in cells]
    if isinstance(fill, RankedFill):  # the first of several labels is the most probable one
        given = [cell.split(fill.separator)[0] for cell in given]
    values = set(given)
    forms = fill.texts, nearest_form(values, table.class_labels, table.class_names)
    form = max(forms, key=lambda texts: len(values & set(texts)))
    if unknown := sorted(values - set(form)):
        raise DataError(f"{name}: no class of the table: {listed(unknown, _SHOWN)}")
    index = {text: number for number, text in enumerate(form)}
    return np.array([index[cell] for cell in given])


def _probabilities(fields: list[list[str]], columns: _Columns, name: str) -> Floats:
    try:
        given = np.array(fields, dtype=np.float64)
    except ValueError as error:
        raise DataError(f"{name}: a probability is no number: {error}") from error
    off = ~np.isfinite(given).all(axis=1) | (given < 0).any(axis=1) | (np.abs(given.sum(axis=1) - 1) > SUM_TOLERANCE)
    if off.any():
        raise DataError(f"{name}: {counted(int(off.sum()), 'row holds', 'rows hold')} no probabilities that sum to 1")
    prob = np.empty(given.shape, dtype=np.float32)
    prob[:, columns.classes] = given
    return prob
