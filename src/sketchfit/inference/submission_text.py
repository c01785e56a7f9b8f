"""The submission: rows, columns and text in the form of the sample, every class written as in the user's tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sketchfit.data.dialect import Dialect
from sketchfit.data.submission import Fill, LabelFill, Submission
from sketchfit.data.table import Table
from sketchfit.errors import DataError
from sketchfit.inference.arrays import Bools, Floats
from sketchfit.inference.blocks import by_blocks, take_rows
from sketchfit.wording import counted, listed

DEFAULT_COLUMNS = ("ID", "image_path", "target")
_SHOWN = 5


def submission_text(table: Table, prob: Floats) -> str:
    """Return the text that predicts every row of the sample submission, or of the test table without a sample.

    Labels are those of the most probable class; of equally probable ones, of the one with the lowest index. Encode with
    `submission_form(table).encoding`.

    Args:
        table: the user's tables.
        prob: float [N_test, C], row k for `table.test` row k.

    Raises:
        UserError: the number of rows or classes differs from the table's, or a probability is not finite.
    """
    if prob.shape != (len(table.test), table.class_count):
        rows = counted(len(table.test), "test row")
        raise DataError(f"probabilities of shape {prob.shape} do not fit {rows} of {table.class_count} classes")

    def finite(part: slice) -> Bools:
        return np.asarray(np.isfinite(prob[part]).all(axis=1))

    broken = np.flatnonzero(~by_blocks(finite, (len(prob),), prob.shape[1], np.bool_))
    if len(broken):
        rows = counted(len(broken), "test row has", "test rows have")
        raise DataError(f"{rows} probabilities that are not finite: {listed(broken.tolist(), _SHOWN)}")
    form = submission_form(table)
    return form.dialect.text(form.columns, zip(*_columns(form, take_rows(prob, form.test_row)), strict=True))


def probabilities_text(table: Table, prob: Floats) -> str:
    """Return the CSV text of the sample's kept columns and one column per class; `prob` is [N_test, C]."""
    form = submission_form(table)
    kept = [form.columns[place] for place in form.kept]
    lines = ((*key, *(f"{p:.7g}" for p in prob[row])) for key, row in zip(form.keys(), form.test_row, strict=True))
    return Dialect(form.dialect.delimiter, form.dialect.line_end).text((*kept, *table.class_names), lines)


def submission_form(table: Table) -> Submission:
    """Return the form of the sample, or without one: a number, the image and the label of each test row."""
    if table.submission is not None:
        return table.submission
    rows = tuple((str(row), name, "") for row, name in enumerate(table.test.names))
    fills: tuple[Fill | None, ...] = (None, None, LabelFill(table.class_labels))
    return Submission(DEFAULT_COLUMNS, rows, np.arange(len(rows)), fills)


def _columns(form: Submission, prob: Floats) -> list[Sequence[str]]:
    return [
        [row[place] for row in form.rows] if fill is None else fill.cells(prob) for place, fill in enumerate(form.fills)
    ]
