"""The submission: the sample's columns and row order, every class written as in the user's tables."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from sketchfit.data.table import Table
from sketchfit.errors import UserError
from sketchfit.inference.arrays import Floats
from sketchfit.wording import listed

DEFAULT_COLUMNS = ("ID", "image_path", "target")
_SHOWN = 5


def submission_text(table: Table, prob: Floats) -> str:
    """Return the CSV text that predicts every row of the sample submission, or of the test table without a sample.

    The most probable class is predicted; of equally probable ones, the one with the lowest index. Lines end in `\\n`.
    Encode with `table.submission.encoding`, or UTF-8 where there is no sample.

    Args:
        table: the user's tables.
        prob: float [N_test, C], row k for `table.test` row k.

    Raises:
        UserError: the number of rows or classes differs from the table's, or a probability is not finite.
    """
    if prob.shape != (len(table.test), table.class_count):
        raise UserError(
            f"probabilities of shape {prob.shape} do not fit {len(table.test)} test rows of {table.class_count} classes"
        )
    broken = np.flatnonzero(~np.isfinite(prob).all(axis=1))
    if len(broken):
        raise UserError(
            f"{len(broken)} test rows have probabilities that are not finite: {listed(broken.tolist(), _SHOWN)}"
        )
    labels = [table.class_labels[index] for index in prob.argmax(axis=1)]
    columns, keys, rows = expected_rows(table)
    return _csv_text(columns, ((*key, labels[row]) for key, row in zip(keys, rows, strict=True)))


def probabilities_text(table: Table, prob: Floats) -> str:
    """Return the CSV text of the sample's key columns and one column per class; `prob` is [N_test, C]."""
    columns, keys, rows = expected_rows(table)
    lines = ((*key, *(f"{p:.7g}" for p in prob[row])) for key, row in zip(keys, rows, strict=True))
    return _csv_text((*columns[:-1], *table.class_names), lines)


def check_submission(path: Path, table: Table) -> list[str]:
    """Return what is wrong with a submission, one sentence per problem; an empty list if it can be handed in.

    Checked: it is readable, the columns and their order, missing, surplus, duplicate and misplaced rows, and that each
    predicted label is a class of the table.
    """
    columns, keys, _ = expected_rows(table)
    encoding = table.submission.encoding if table.submission else "utf-8-sig"
    try:
        lines = list(csv.reader(io.StringIO(path.read_text(encoding=encoding), newline="")))
    except (OSError, UnicodeError, csv.Error) as error:
        return [f"{path.name} can't be read as {encoding} CSV: {error}"]
    if not lines:
        return [f"{path.name} is empty"]
    header, body = lines[0], [line for line in lines[1:] if line]
    if [name.removeprefix("\ufeff") for name in header] != list(columns):
        return [f"columns are {','.join(header)}; the sample has {','.join(columns)}"]
    ragged = [number for number, line in enumerate(body, start=2) if len(line) != len(columns)]
    if ragged:
        return [f"{len(ragged)} lines do not have {len(columns)} fields: lines {listed(ragged, _SHOWN)}"]
    found = [tuple(line[:-1]) for line in body]
    return _key_problems(found, keys) + _label_problems([line[-1] for line in body], table)


def expected_rows(table: Table) -> tuple[tuple[str, ...], list[tuple[str, ...]], list[int]]:
    """Return the columns, the text of all fields but the last of each line, and the test row of each line."""
    sample = table.submission
    if sample is not None:
        return sample.columns, list(sample.rows), [int(row) for row in sample.test_row]
    keys: list[tuple[str, ...]] = [(str(row), name) for row, name in enumerate(table.test.names)]
    return DEFAULT_COLUMNS, keys, list(range(len(table.test)))


def _csv_text(header: Iterable[str], lines: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue()


def _key_problems(found: list[tuple[str, ...]], expected: list[tuple[str, ...]]) -> list[str]:
    have, want = Counter(found), Counter(expected)
    problems = []
    if missing := [",".join(key) for key in want if key not in have]:
        problems.append(f"{len(missing)} rows of the sample are missing: {listed(missing, _SHOWN)}")
    if surplus := [",".join(key) for key in have if key not in want]:
        problems.append(f"{len(surplus)} rows are not in the sample: {listed(surplus, _SHOWN)}")
    if repeated := [",".join(key) for key in have if key in want and have[key] > want[key]]:
        problems.append(f"{len(repeated)} rows occur more often than in the sample: {listed(repeated, _SHOWN)}")
    if not problems and found != expected:
        moved = [line for line, (a, b) in enumerate(zip(found, expected, strict=True), start=2) if a != b]
        problems.append(f"the order differs from the sample's at {len(moved)} lines: lines {listed(moved, _SHOWN)}")
    return problems


def _label_problems(labels: list[str], table: Table) -> list[str]:
    known = set(table.class_labels)
    wrong = [(line, label) for line, label in enumerate(labels, start=2) if label.strip() not in known]
    if not wrong:
        return []
    shown = listed([f"{label or '(empty)'} in line {line}" for line, label in wrong], _SHOWN)
    return [f"{len(wrong)} labels are no class of the table: {shown}"]
