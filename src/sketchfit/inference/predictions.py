"""Probabilities of one run on one table, and whether those of several runs may be combined."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sketchfit.errors import UserError
from sketchfit.files import write_npz
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.wording import listed

SUM_TOLERANCE = 1e-3
_SHOWN = 3


@dataclass(frozen=True)
class Predictions:
    """What one run says of some rows of one table.

    Attributes:
        name: how messages call it: the run's or member's name.
        row: int64 [N], row numbers of the input table, each once.
        prob: float32 [N, C], rows sum to 1.
        class_names: C names in the order of the columns of `prob`.
        table_id: identifies the table and the part of it (training or test); runs on the same table share it.
        label: int64 [N], or None where unknown (the test rows).
        fold: int64 [N], the fold in which the row was validated, or None.
    """

    name: str
    row: Ints
    prob: Floats
    class_names: tuple[str, ...]
    table_id: str
    label: Ints | None = None
    fold: Ints | None = None

    def problems(self) -> list[str]:
        """What is wrong with these alone, one sentence a problem."""
        rows, classes = len(self.row), len(self.class_names)
        if self.prob.shape != (rows, classes):
            return [f"{self.name}: probabilities of shape {self.prob.shape} for {rows} rows and {classes} classes"]
        found = []
        if len(np.unique(self.row)) < rows:
            found.append(f"{self.name}: {rows - len(np.unique(self.row))} rows occur more than once")
        broken = ~np.isfinite(self.prob).all(axis=1)
        if broken.any():
            found.append(f"{self.name}: {broken.sum()} rows have NaN or infinite probabilities, {self._at(broken)}")
        negative = ~broken & (self.prob < 0).any(axis=1)
        if negative.any():
            found.append(f"{self.name}: {negative.sum()} rows have negative probabilities, {self._at(negative)}")
        off = ~broken & ~negative & (np.abs(self.prob.sum(axis=1, dtype=np.float64) - 1) > SUM_TOLERANCE)
        if off.any():
            found.append(f"{self.name}: the probabilities of {off.sum()} rows do not sum to 1, {self._at(off)}")
        for what, values in (("labels", self.label), ("fold numbers", self.fold)):
            if values is not None and len(values) != rows:
                found.append(f"{self.name}: {len(values)} {what} for {rows} rows")
        return found

    def take(self, row: Ints) -> Predictions:
        """The same for these row numbers, in this order; each must be present."""
        order = np.argsort(self.row)
        place = order[np.searchsorted(self.row, row, sorter=order)]
        return Predictions(
            self.name,
            self.row[place],
            self.prob[place],
            self.class_names,
            self.table_id,
            None if self.label is None else self.label[place],
            None if self.fold is None else self.fold[place],
        )

    def _at(self, mask: Any) -> str:
        return f"rows {listed(self.row[np.asarray(mask)], _SHOWN)}"


def save(path: Path, predictions: Predictions) -> None:
    """Write `row` int64 [N] and `prob` float32 [N, C] atomically as .npz; names are the run's state's."""
    write_npz(path, {"row": predictions.row.astype(np.int64), "prob": predictions.prob.astype(np.float32)})


def load(
    path: Path,
    class_names: Sequence[str],
    table_id: str,
    name: str = "",
    label: Ints | None = None,
    fold: Ints | None = None,
) -> Predictions:
    """Read what `save` wrote. Nothing pickled is ever read.

    Args:
        path: .npz file with `row` and `prob`.
        class_names, table_id: from the run's state.
        name: how messages call it; the file's path if empty.
        label, fold: int64, one of *all* rows of the table, indexed by row number; None where unknown.

    Raises:
        UserError: the file is missing, damaged, without these arrays, or its content is not what `Predictions`
        describes.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            row, prob = file["row"].astype(np.int64), file["prob"].astype(np.float32)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} holds no probabilities: {error}", "run the stage that writes it once more") from error
    for what, values in (("label", label), ("fold", fold)):
        if values is not None and len(row) and (row.min() < 0 or row.max() >= len(values)):
            raise UserError(f"{path}: row {row.max()} has no {what}; the table has {len(values)} rows")
    predictions = Predictions(
        name or str(path),
        row,
        prob,
        tuple(class_names),
        table_id,
        None if label is None else label[row],
        None if fold is None else fold[row],
    )
    if problems := predictions.problems():
        raise UserError(problems)
    return predictions


def check_compatible(members: Sequence[Predictions]) -> None:
    """Refuse members that can't be combined, with every reason.

    Each must be sound by itself; all must share the table, the classes and their order, and the set of rows; labels,
    where given, must agree. The order of rows may differ (see `aligned`).

    Raises:
        UserError: one sentence a problem.
    """
    if not members:
        raise UserError("there is nothing to combine")
    unsound = [problem for member in members for problem in member.problems()]
    found = unsound + [problem for other in members[1:] for problem in _mismatch(members[0], other)]
    if not found:
        found = [problem for other in members[1:] for problem in _label_mismatch(members[0], other)]
    if found:
        raise UserError(found, "combine runs on the same table only, and run again those that are incomplete")


def aligned(members: Sequence[Predictions]) -> list[Predictions]:
    """The members, checked, with their rows in ascending order: index n then means the same row in all of them."""
    check_compatible(members)
    row = np.sort(members[0].row)
    return [member.take(row) for member in members]


def _mismatch(first: Predictions, other: Predictions) -> list[str]:
    pair = f"{other.name} and {first.name}"
    found = []
    if other.table_id != first.table_id:
        found.append(f"{pair} were made on different tables")
    if set(other.class_names) != set(first.class_names):
        only = sorted(set(other.class_names) ^ set(first.class_names))
        found.append(f"{pair} have different classes: {listed(only, _SHOWN)}")
    elif other.class_names != first.class_names:
        found.append(f"{pair} have the same classes in another order")
    missing, surplus = np.setdiff1d(first.row, other.row), np.setdiff1d(other.row, first.row)
    if len(missing):
        found.append(f"{other.name} lacks {len(missing)} rows that {first.name} has, the first is row {missing[0]}")
    if len(surplus):
        found.append(f"{first.name} lacks {len(surplus)} rows that {other.name} has, the first is row {surplus[0]}")
    return found


def _label_mismatch(first: Predictions, other: Predictions) -> list[str]:
    if first.label is None or other.label is None:
        return []
    differ = int((first.label[np.argsort(first.row)] != other.label[np.argsort(other.row)]).sum())
    return [f"{other.name} and {first.name} disagree on the labels of {differ} rows"] if differ else []
