"""Folds: every class distributed evenly, rows of one group kept together.

Groups are assigned first, the largest first, each to the fold that lacks most of its classes; then single rows balance
every class. Without groups the folds of a class differ by at most one row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.errors import DataError
from sketchfit.wording import counted

TRAIN_ONLY = -1
"""Fold number of a row that is in the training part of all folds."""


@dataclass(frozen=True)
class Fold:
    """One split of the training rows.

    Attributes:
        number: of the fold, from 0; it names the folder of its networks.
        train: int64, rows to train on.
        valid: int64, rows to validate on; empty where all rows are trained on.
    """

    number: int
    train: NDArray[np.int64]
    valid: NDArray[np.int64]

    def held_out(self, rows: int) -> NDArray[np.int64]:
        """Return int64 [rows]: this fold's number for the rows that it validates, -1 for all others."""
        found = np.full(rows, -1, dtype=np.int64)
        found[self.valid] = self.number
        return found


def all_rows(folds: Sequence[Fold]) -> Fold:
    """Return a fold that trains on all rows of these folds and validates none; its number is 0."""
    rows = np.unique(np.concatenate([part for fold in folds for part in (fold.train, fold.valid)]))
    return Fold(0, rows, rows[:0])


def folds_of(assignment: NDArray[np.int64], rows: NDArray[np.int64]) -> list[Fold]:
    """Return the folds of an assignment, numbered through all repeats.

    Args:
        assignment: int64 [R, N], fold of each row in each repeat; -1 where it is validated in none.
        rows: int64, the rows that are trained and validated on.
    """
    folds: list[Fold] = []
    for fold_of_row in assignment:
        for value in range(int(fold_of_row.max()) + 1):
            valid = rows[fold_of_row[rows] == value]
            folds.append(Fold(len(folds), rows[fold_of_row[rows] != value], valid))
    return folds


_EQUAL = 1e-9
"""Difference of two needs that counts as none."""


def stratified_folds(
    label: NDArray[np.int64], shares: Sequence[float], seed: int, group: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Assign every row to a part, each class in proportion to `shares`, without dividing groups.

    Args:
        label: int64 [N], class indices.
        shares: positive, sum 1: k × 1/k for k folds.
        seed: of the order of rows and the choice among equals.
        group: int64 [N]; rows with the same value share a part. None: every row is its own group.

    Returns:
        int64 [N], part numbers 0 … len(shares)-1.
    """
    rng = np.random.Generator(np.random.Philox(key=[seed, len(label)]))
    share = np.asarray(shares, dtype=np.float64)
    classes = int(label.max()) + 1 if label.size else 0
    wanted = np.bincount(label, minlength=classes)[:, None] * share  # [class, part]: rows still to assign
    wanted_all = label.size * share
    part = np.empty(len(label), dtype=np.int64)
    single, units = _units(group, len(label), rng)
    for rows in units:
        present, counts = np.unique(label[rows], return_counts=True)
        need = counts @ wanted[present]
        # Of several folds with equal need, the one with the fewest rows is chosen.
        best = np.flatnonzero(need > need.max() - _EQUAL)
        chosen = int(best[np.argmax(wanted_all[best])])
        part[rows] = chosen
        wanted[present, chosen] -= counts
        wanted_all[chosen] -= len(rows)
    part[single] = _assign_single(label[single].tolist(), wanted.tolist(), wanted_all.tolist())
    return part


def _assign_single(label: list[int], wanted: list[list[float]], wanted_all: list[float]) -> list[int]:
    """Return the part of each row that is assigned alone, in order.

    Lists, as NumPy takes ten times as long for so few numbers: most rows of a large table are single.

    Args:
        label: of the rows.
        wanted: rows that are still to be assigned, per class and part; changed in place.
        wanted_all: the same per part.
    """
    chosen = []
    for number in label:
        need = wanted[number]
        least = max(need) - _EQUAL
        part, most = -1, -math.inf
        for place, rows in enumerate(wanted_all):
            if need[place] > least and rows > most:
                part, most = place, rows
        need[part] -= 1
        wanted_all[part] -= 1
        chosen.append(part)
    return chosen


def _units(
    group: NDArray[np.int64] | None, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """Return single rows in random order, and before them the rows that are assigned together, the largest groups
    first, those of equal size in random order."""
    order = rng.permutation(count)
    if group is None:
        return order, []
    _, inverse = np.unique(group[order], return_inverse=True)
    by_group = order[np.argsort(inverse, kind="stable")]
    sizes = np.bincount(inverse)
    starts, turn = np.cumsum(sizes) - sizes, rng.permutation(len(sizes))
    turn = turn[np.argsort(-sizes[turn], kind="stable")]
    several = turn[sizes[turn] > 1]
    units = [by_group[starts[i] : starts[i] + sizes[i]] for i in several.tolist()]
    return by_group[starts[turn[len(several) :]]], units


def given_folds(values: Sequence[str], column: str) -> NDArray[np.int64]:
    """Return the folds of the user's table: distinct values in sorted order, numbers as numbers.

    >>> given_folds(["1", "b", "0.0", "-1", "0"], "fold").tolist()
    [1, 2, 0, -1, 0]

    Args:
        values: N cells; equal numbers are one fold however they are written, and -1 is `TRAIN_ONLY`.
        column: its name, for messages.

    Raises:
        UserError: an empty cell, no fold to validate, or one fold that has all rows.
    """
    cells = [_number_or_text(value) for value in values]
    empty = [row for row, cell in enumerate(cells) if cell == ""]
    if empty:
        raise DataError(
            f"fold column {column!r} is empty in {counted(len(empty), 'row')}, the first of them row {empty[0] + 2}",
            f"Write {TRAIN_ONLY} for rows that are trained on in all folds and never validated.",
        )
    distinct = sorted(set(cells) - {float(TRAIN_ONLY)}, key=lambda cell: (isinstance(cell, str), cell))
    if not distinct or len(set(cells)) < 2:
        raise DataError(f"fold column {column!r} has only the value {values[0]!r}", "It needs at least two folds.")
    number = {cell: index for index, cell in enumerate(distinct)} | {float(TRAIN_ONLY): TRAIN_ONLY}
    return np.array([number[cell] for cell in cells], dtype=np.int64)


def balance(label: NDArray[np.int64], fold: NDArray[np.int64]) -> str:
    """Describe how even folds are: rows per fold, and the largest difference between the folds of a class.

    Args:
        label: int64 [N], class indices.
        fold: int64 [N]; rows with -1 are validated in no fold and are not counted.
    """
    held = fold != TRAIN_ONLY
    counts = np.zeros((int(label.max()) + 1, int(fold.max()) + 1), dtype=np.int64)
    np.add.at(counts, (label[held], fold[held]), 1)
    sizes, gap = counts.sum(axis=0), int((counts.max(axis=1) - counts.min(axis=1)).max())
    rows = f"{sizes.min():,}" if sizes.min() == sizes.max() else f"{sizes.min():,} to {sizes.max():,}"
    if len(sizes) == 1:
        return f"1 fold of {rows} rows held out"
    return f"{len(sizes)} folds of {rows} rows; within a class they differ by at most {gap}"


def crossing_groups(fold: NDArray[np.int64], group: NDArray[np.int64]) -> int:
    """Count the groups with rows in more than one fold: their copies make validation too optimistic."""
    pairs = np.unique(np.stack([group, fold], axis=1), axis=0)
    return int((np.unique(pairs[:, 0], return_counts=True)[1] > 1).sum())


def crossing_pairs(fold: NDArray[np.int64], group: NDArray[np.int64]) -> int:
    """Count the pairs of rows of one group that are in different folds."""
    numbers = np.unique(group, return_inverse=True)[1]
    sizes = np.bincount(numbers)
    cells = np.unique(np.stack([numbers, fold]), axis=1, return_counts=True)[1]
    return int((sizes * (sizes - 1)).sum() - (cells * (cells - 1)).sum()) // 2


def _number_or_text(cell: str) -> float | str:
    text = str(cell).strip()
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else "" if math.isnan(number) else text
