"""`sketchfit score`: how right a run's test labels are, once the truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.checks import IMAGE_COLUMNS, LABEL_COLUMNS, find_column
from sketchfit.data.text_tables import Sheet, open_sheet
from sketchfit.errors import UserError
from sketchfit.inference.intervals import Estimate, accuracy
from sketchfit.inference.metrics import top_k_correct
from sketchfit.runs.run import Run
from sketchfit.runs.table import RunTable
from sketchfit.wording import listed


def score(run: str | Path, truth: str | Path) -> dict[str, Estimate]:
    """Compare a run's test probabilities with the true labels.

    Args:
        run: a run's folder.
        truth: table with `target`; rows are found by `image_path` where it has that, else they must be in the order of
            the test rows.

    Returns:
        `top-1` and `top-5`, with intervals.

    Raises:
        UserError: no finished run, no `target` column, other rows or images, or a label that is no class.
    """
    opened = Run.open(run)
    prob = opened.test().prob
    label = _labels(Path(truth), opened.table, len(prob))
    return {f"top-{k}": accuracy(top_k_correct(prob, label, min(k, prob.shape[1]))) for k in (1, 5)}


def _labels(path: Path, table: RunTable, rows: int) -> NDArray[np.int64]:
    sheet = open_sheet(path)
    column = find_column(sheet, LABEL_COLUMNS)
    if column is None:
        raise UserError(f"{path} has no column 'target'; its columns are {listed(list(sheet.header))}")
    if len(sheet.rows) != rows:
        raise UserError(f"{path} has {len(sheet.rows)} rows, and the run predicted {rows}")
    targets = _in_order(path, sheet, table.test_names, sheet.column(column))
    index = {str(target): number for number, target in enumerate(table.class_targets)}
    if unknown := sorted({target for target in targets if target.strip() not in index}):
        raise UserError(f"{path}: {listed(unknown)} are no classes of the run")
    return np.array([index[target.strip()] for target in targets], dtype=np.int64)


def _in_order(path: Path, sheet: Sheet, names: Sequence[str], targets: Sequence[str]) -> Sequence[str]:
    """Return targets in the order of the test rows: by the image where the file names it, else unchanged."""
    column = find_column(sheet, IMAGE_COLUMNS)
    if column is None or len(set(names)) < len(names) or not names:
        return targets
    by_name = dict(zip(sheet.column(column), targets, strict=True))
    if missing := [name for name in names if name not in by_name]:
        raise UserError(f"{path} names other images than the run's test table; missing: {listed(missing)}")
    return [by_name[name] for name in names]
