"""Tables of a run for notebooks: rows, classes, confusions and steps, as pandas data frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.runs.probabilities import Probabilities
from sketchfit.runs.proportions import accuracy
from sketchfit.runs.table import RunTable, TrainingRows

if TYPE_CHECKING:
    from sketchfit.runs.run import Run


class RunTables:
    """Tables of a run, computed from its files at each call; `UserError` where a file is missing.

    Args:
        run: the run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def oof(self) -> pd.DataFrame:
        """Return a line per out-of-fold row.

        Its columns are `row`, `image`, `label`, `name`, `predicted`, `predicted_name`, `probability`,
        `true_probability`, `correct`, `fold`, `group`.

        Examples:
            >>> import sketchfit
            >>> tables = sketchfit.Run.open("runs/first").tables
            >>> frame = tables.oof()
            >>> len(frame), frame.correct.dtype.name
            (32, 'bool')
        """
        oof, rows, table = self._run.oof(), self._run.rows, self._run.table
        label = rows.label[oof.row]
        frame = _predicted(oof.prob, table)
        frame.insert(0, "row", oof.row)
        frame.insert(1, "image", [rows.paths[row] for row in oof.row])
        frame.insert(2, "label", [table.class_labels[k] for k in label])
        frame.insert(3, "name", [table.class_names[k] for k in label])
        frame["true_probability"] = oof.prob[np.arange(len(label)), label]
        frame["correct"] = oof.prob.argmax(axis=1) == label
        frame["fold"], frame["group"] = rows.fold[oof.row], rows.group[oof.row]
        return frame

    def test(self) -> pd.DataFrame:
        """Return a line per test row: `image`, `predicted` (label), `predicted_name`, `probability`.

        Examples:
            >>> import sketchfit
            >>> tables = sketchfit.Run.open("runs/first").tables
            >>> list(tables.test())
            ['image', 'predicted', 'predicted_name', 'probability']
        """
        test, table = self._run.test(), self._run.table
        frame = _predicted(test.prob, table)
        frame.insert(0, "image", [table.test_names[row] for row in test.row])
        return frame

    def classes(self) -> pd.DataFrame:
        """Return a line per class, worst first, on out-of-fold rows.

        Its columns are `label`, `name`, `n` (rows), `accuracy` with its 95 % interval `low`, `high`, which is widened
        for near-duplicates, `predicted` (how often the class is predicted), and `precision`, the share of these rows
        that are of the class, with its interval `precision_low`, `precision_high`. NaN where there are no rows.

        Examples:
            >>> import sketchfit
            >>> tables = sketchfit.Run.open("runs/first").tables
            >>> tables.classes().n.tolist()
            [8, 8, 8, 8]
        """
        oof, rows, table = self._run.oof(), self._run.rows, self._run.table
        lines = [_class_line(k, oof, rows, table) for k in range(table.class_count)]
        return pd.DataFrame(lines).sort_values("accuracy", kind="stable", ignore_index=True)

    def confusion(self) -> pd.DataFrame:
        """Return how often each true class (index) is predicted as each class (columns) on out-of-fold rows.

        Examples:
            >>> import sketchfit
            >>> tables = sketchfit.Run.open("runs/first").tables
            >>> tables.confusion().shape, int(tables.confusion().to_numpy().sum())
            ((4, 4), 32)
        """
        oof, rows, table = self._run.oof(), self._run.rows, self._run.table
        count = np.zeros((table.class_count, table.class_count), dtype=np.int64)
        np.add.at(count, (rows.label[oof.row], oof.prob.argmax(axis=1)), 1)
        labels = list(table.class_labels)
        return pd.DataFrame(count, index=pd.Index(labels, name="true"), columns=pd.Index(labels, name="predicted"))

    def steps(self) -> pd.DataFrame:
        """Return a line per step after training.

        Its columns are `step`, `top1` with its 95 % interval `low`, `high` on `n` out-of-fold rows, and the `gain` over
        what was there before with `gain_low`, `gain_high`, `p_value`; NaN for a step that starts.

        Examples:
            >>> import sketchfit
            >>> tables = sketchfit.Run.open("runs/first").tables
            >>> tables.steps().step.tolist()
            ['test_resnet']
        """
        columns = ("step", "top1", "low", "high", "n", "gain", "gain_low", "gain_high", "p_value")
        lines = []
        for step in self._run.steps:
            top1, gain = step.top1, step.gain
            line = (step.name, top1.value, top1.low, top1.high, top1.n)
            lines.append((*line, *((gain.value, gain.low, gain.high, gain.p_value) if gain else (np.nan,) * 4)))
        return pd.DataFrame(lines, columns=list(columns))


def _predicted(prob: NDArray[np.float32], table: RunTable) -> pd.DataFrame:
    """Return the predicted class of each row."""
    best = prob.argmax(axis=1)
    return pd.DataFrame(
        {
            "predicted": [table.class_labels[k] for k in best],
            "predicted_name": [table.class_names[k] for k in best],
            "probability": prob.max(axis=1),
        }
    )


def _class_line(k: int, oof: Probabilities, rows: TrainingRows, table: RunTable) -> dict[str, Any]:
    """Return the figures of one class."""
    group = rows.group[oof.row] if rows.grouped else None
    own, predicted = rows.label[oof.row] == k, oof.prob.argmax(axis=1) == k
    line: dict[str, Any] = {"label": table.class_labels[k], "name": table.class_names[k], "n": int(own.sum())}
    line |= dict.fromkeys(("accuracy", "low", "high"), np.nan)
    line |= {"predicted": int(predicted.sum())}
    line |= dict.fromkeys(("precision", "precision_low", "precision_high"), np.nan)
    if own.any():
        found = accuracy(predicted[own], None if group is None else group[own])
        line |= {"accuracy": found.value, "low": found.low, "high": found.high}
    if predicted.any():
        found = accuracy(own[predicted], None if group is None else group[predicted])
        line |= {"precision": found.value, "precision_low": found.low, "precision_high": found.high}
    return line
