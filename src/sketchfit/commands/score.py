"""How right a run's answers are, once the truth is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.checks import IMAGE_COLUMNS, LABEL_COLUMNS, find_column
from sketchfit.data.text_tables import Sheet, TableError, read_sheet
from sketchfit.errors import UserError
from sketchfit.files import read_json
from sketchfit.inference.intervals import Estimate, accuracy
from sketchfit.inference.metrics import top_k_correct
from sketchfit.runs.folder import RunFolder
from sketchfit.wording import listed


def score(run: str | Path, truth: str | Path) -> dict[str, Estimate]:
    """Compare a run's test probabilities with the true labels.

    Args:
        run: a run's folder.
        truth: table with `target`; rows are found by `image_path` where it has that, else they stand in the order of
            the test rows.

    Returns:
        `top-1` and `top-5`, with intervals.

    Raises:
        UserError: no finished run, no `target` column, other rows or images, or a label that is no class.
    """
    folder = RunFolder(Path(run))
    if not (folder.ensemble / "test.npz").is_file():
        raise UserError(f"{run} holds no test probabilities", "Let `sketchfit run` finish first.")
    with np.load(folder.ensemble / "test.npz") as file:
        prob = file["prob"]
    label = _labels(Path(truth), read_json(folder.state), len(prob))
    return {f"top-{k}": accuracy(top_k_correct(prob, label, min(k, prob.shape[1]))) for k in (1, 5)}


def _labels(path: Path, state: Mapping[str, Any], rows: int) -> NDArray[np.int64]:
    try:
        sheet = read_sheet(path, str(path))
    except TableError as error:
        raise UserError(str(error)) from error
    column = find_column(sheet, LABEL_COLUMNS)
    if column is None:
        raise UserError(f"{path} has no column 'target'; its columns are {listed(list(sheet.header))}")
    if len(sheet.rows) != rows:
        raise UserError(f"{path} has {len(sheet.rows)} rows, and the run answered {rows}")
    targets = _in_order(path, sheet, state.get("test_names", ()), sheet.column(column))
    index = {str(target): number for number, target in enumerate(state["class_targets"])}
    unknown = sorted({target for target in targets if target.strip() not in index})
    if unknown:
        raise UserError(f"{path}: {listed(unknown)} are no classes of the run")
    return np.array([index[target.strip()] for target in targets], dtype=np.int64)


def _in_order(path: Path, sheet: Sheet, names: Sequence[str], targets: Sequence[str]) -> Sequence[str]:
    """Targets in the order of the test rows: by the image where the file names it, else as they stand."""
    column = find_column(sheet, IMAGE_COLUMNS)
    if column is None or len(set(names)) < len(names) or not names:
        return targets
    by_name = dict(zip(sheet.column(column), targets, strict=True))
    missing = [name for name in names if name not in by_name]
    if missing:
        raise UserError(f"{path} names other images than the run's test table; not there: {listed(missing)}")
    return [by_name[name] for name in names]
