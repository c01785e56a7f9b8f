"""Folds of a run: which rows each network is trained and validated on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold, folds_of, given_folds, stratified_folds
from sketchfit.data.table import Table
from sketchfit.errors import UserError
from sketchfit.files import atomic
from sketchfit.inference.pseudo_labels import Teacher, leaked_rows
from sketchfit.wording import listed


def make_folds(
    table: Table, usable: NDArray[np.bool_], group: NDArray[np.int64] | None, recipe: Recipe
) -> tuple[list[Fold], NDArray[np.int64]]:
    """All folds of the recipe.

    Args:
        usable: bool [N], rows whose image was read; others are neither trained nor validated on.
        group: int64 [N], near-duplicate group of each row, where the recipe wants it.

    Returns:
        The folds, and int64 [R, N]: the fold of each row in each repeat; -1 where it is validated in none.

    Raises:
        UserError: a column that is not in the table, or folds to train that do not exist.
    """
    section = recipe.folds
    rows = np.flatnonzero(usable)
    assignment = np.full((section.repeats, len(usable)), -1, dtype=np.int64)
    grouping = _grouping(table, group, recipe)
    seed = recipe.seed if section.seed is None else section.seed
    for repeat in range(section.repeats):
        if section.column is not None:
            assignment[repeat, rows] = given_folds(_column(table, section.column)[rows].tolist(), section.column)
            continue
        shares = [section.holdout, 1 - section.holdout] if section.holdout else [1 / section.k] * section.k
        assignment[repeat, rows] = stratified_folds(
            table.label[rows], shares, seed + repeat, None if grouping is None else grouping[rows]
        )
        if section.holdout:
            assignment[repeat, assignment[repeat] == 1] = -1
    folds = folds_of(assignment, rows)
    empty = [fold.number for fold in folds if len(fold.valid) == 0 or len(fold.train) == 0]
    if empty or not folds:
        raise UserError(
            f"folds: no row is left to validate or to train on in fold {listed([str(n) for n in empty] or ['0'])}",
            "Ask for fewer folds or a larger holdout; rows of one group are never parted.",
        )
    if section.train is not None and (unknown := sorted(set(section.train) - {fold.number for fold in folds})):
        raise UserError(f"folds.train names folds {unknown}, and there are folds 0 to {len(folds) - 1}")
    return folds, assignment


def _grouping(table: Table, group: NDArray[np.int64] | None, recipe: Recipe) -> NDArray[np.int64] | None:
    if recipe.folds.group == "none":
        return None
    if recipe.folds.group == "near_duplicate":
        return group
    values = _column(table, recipe.folds.group)
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _column(table: Table, name: str) -> NDArray[np.str_]:
    if name not in table.columns:
        known = ", ".join(table.columns) or "none beside image and label"
        raise UserError(f"the training table has no column {name!r}", f"Its further columns: {known}.")
    return np.asarray(table.columns[name])


def check_students(folds: Sequence[Fold], group: NDArray[np.int64] | None, recipe: Recipe) -> None:
    """Refuse folds that part near-duplicates where students will be taught: else they are refused after the training.

    Args:
        folds: those that will be trained.
        group: int64 [N], near-duplicate group of each row, or None where they are not known.

    Raises:
        UserError: rows of a fold have copies among those that the fold's networks, its student's teachers, learn from.
    """
    asked = {"pseudo_label": recipe.pseudo_label.enabled, "distill": recipe.distill.enabled}
    stages = " and ".join(name for name, enabled in asked.items() if enabled)
    if not stages or group is None:
        return
    problems = [
        f"{stages}: {sentence}, and its student would learn from it"
        for fold in folds
        for sentence in leaked_rows(
            [Teacher(f"a network of fold {fold.number}", fold.train)], fold.number, fold.held_out(len(group)), group
        )
    ]
    if problems:
        raise UserError(problems, "Keep them together with folds.group=near_duplicate, or leave the stage out.")


def write_folds(path: Path, table: Table, assignment: NDArray[np.int64], group: NDArray[np.int64] | None) -> None:
    """`folds.parquet`: row, image, label, group, and a fold column a repeat."""
    columns: dict[str, object] = {
        "row": np.arange(len(table.train)),
        "image_path": list(table.train.paths),
        "label": table.label,
        "group": group if group is not None else np.arange(len(table.train)),
    }
    for repeat, fold in enumerate(assignment):
        columns["fold" if len(assignment) == 1 else f"fold_{repeat}"] = fold
    with atomic(path) as temporary:
        pd.DataFrame(columns).to_parquet(temporary, index=False)
