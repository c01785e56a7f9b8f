"""Folds of a run: which rows each network is trained and validated on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.folds import FoldsSection
from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import TRAIN_ONLY, Fold, balance, folds_of, given_folds, stratified_folds
from sketchfit.data.table import Table
from sketchfit.errors import RecipeError
from sketchfit.inference.pseudo_labels import Teacher, leaked_rows
from sketchfit.runs.table import TrainingRows, write_training_rows
from sketchfit.stages.context import RunContext, RunState
from sketchfit.stages.fold_notes import fold_notes
from sketchfit.stages.kept_folds import folds_of_networks
from sketchfit.stages.start_weights import check_start_weights
from sketchfit.wording import counted, listed

log = logging.getLogger(__name__)


def split(context: RunContext, state: RunState) -> RunState:
    """Assign the rows that every member can read to folds, and write `folds.parquet`.

    Raises:
        UserError: folds that do not exist or are empty, or that leak copies to students; weights that have learnt from
            rows of a fold that they are validated on.
    """
    table, recipe = context.table, context.recipe
    usable = np.logical_and.reduce([member.train.readable for member in state.members.values()])
    folds, assignment = make_folds(table, usable, state.group, recipe)
    kept = folds_of_networks(context)
    if kept is not None and not np.array_equal(kept.folds, assignment):
        log.info("note: the rows would be divided in another way today; the folds of the trained networks are kept")
        folds, assignment = folds_of(kept.folds, np.flatnonzero(usable)), kept.folds
        state = replace(state, group=kept.group if kept.grouped else None)
    context.engine.on_main(lambda: _write_folds(context, assignment, state))
    for fold_of_row in assignment:
        log.info(balance(table.label, fold_of_row))
    for note in fold_notes(table, folds, assignment, state.copies, recipe):
        log.info(f"note: {note}")
    chosen = trained_folds(folds, recipe)
    check_students(chosen, state.group, state.relation, recipe)
    recipes = {name: member.recipe for name, member in state.members.items()}
    if state.student is not None:
        recipes[state.student.name] = state.student.recipe
    check_start_weights(context, recipes, chosen, state.group, state.relation)
    return replace(state, folds=chosen)


def trained_folds(folds: Sequence[Fold], recipe: Recipe) -> tuple[Fold, ...]:
    """Return the folds that the recipe trains."""
    return tuple(fold for fold in folds if recipe.folds.train is None or fold.number in recipe.folds.train)


def scored_folds(folds: Sequence[Fold], recipe: Recipe) -> tuple[Fold, ...]:
    """Return those of the trained folds whose rows give the out-of-fold figures."""
    return tuple(fold for fold in folds if recipe.folds.score is None or fold.number in recipe.folds.score)


def make_folds(
    table: Table, usable: NDArray[np.bool_], group: NDArray[np.int64] | None, recipe: Recipe
) -> tuple[list[Fold], NDArray[np.int64]]:
    """Return all folds of the recipe.

    Args:
        table: checked tables.
        usable: bool [N], rows whose image was read; others are neither trained nor validated on.
        group: int64 [N], group of each row, which no fold divides unless `folds.group` is `none`; None: each row alone.
        recipe: of the run.

    Returns:
        The folds, and int64 [R, N]: the fold of each row in each repeat; -1 where it is validated in none.

    Raises:
        UserError: a column that is not in the table, fewer groups than folds, folds to train that do not exist, or
            fewer than two groups to validate on.
    """
    section, rows = recipe.folds, np.flatnonzero(usable)
    if group is not None and section.column is None and section.group != "none":
        _check_groups(len(np.unique(group[rows])), section)
    assignment = _assign(table, rows, group, recipe)
    folds = folds_of(assignment, rows)
    empty = [fold.number for fold in folds if len(fold.valid) == 0 or len(fold.train) == 0]
    if empty or not folds:
        raise RecipeError(
            f"folds: no row is left to validate or to train on in fold {listed([str(n) for n in empty] or ['0'])}",
            "Set fewer folds or a larger holdout; rows of one group stay in one fold.",
        )
    for name, named in (("train", section.train), ("score", section.score)):
        if unknown := sorted(set(named or ()) - {fold.number for fold in folds}):
            raise RecipeError(f"folds.{name} names folds {unknown}, and there are folds 0 to {len(folds) - 1}")
    valid = np.unique(np.concatenate([fold.valid for fold in trained_folds(folds, recipe)]))
    if len(valid if group is None else np.unique(group[valid])) < 2:
        raise RecipeError(
            "folds: all rows that are validated are related, so that nothing can be measured on them",
            "Set a larger folds.holdout, or folds.k instead.",
        )
    return folds, assignment


def _check_groups(groups: int, section: FoldsSection) -> None:
    parts = 2 if section.holdout else section.k
    if groups < parts:
        fewer = f"Set folds.k={groups}, or another folds.group" if groups > 1 else "Set another folds.group"
        raise RecipeError(
            f"folds.group={section.group} gives {counted(groups, 'group')}, too few for {parts} parts of the rows",
            f"{fewer}; with `none`, related rows may be in different folds, and figures are then too high.",
        )


def _assign(
    table: Table, rows: NDArray[np.int64], group: NDArray[np.int64] | None, recipe: Recipe
) -> NDArray[np.int64]:
    """Return the fold of each row in each repeat, int64 [R, N]; -1 where it is validated in none."""
    section, grouping = recipe.folds, None if recipe.folds.group == "none" else group
    assignment = np.full((section.repeats, len(table.train)), -1, dtype=np.int64)
    if section.column is not None:
        assignment[:, rows] = given_folds(_column(table, section.column)[rows].tolist(), section.column)
        return assignment
    shares = [section.holdout, 1 - section.holdout] if section.holdout else [1 / section.k] * section.k
    seed = recipe.seed if section.seed is None else section.seed
    single = _occurs_once(table.label[rows])
    if grouping is not None:
        single &= _occurs_once(
            grouping[rows]
        )  # else it stays with its copies, so that none is validated against another
    for repeat, fold_of_row in enumerate(assignment):
        fold_of_row[rows] = stratified_folds(
            table.label[rows], shares, seed + repeat, None if grouping is None else grouping[rows]
        )
        if section.holdout:
            fold_of_row[fold_of_row == 1] = TRAIN_ONLY
        fold_of_row[rows[single]] = TRAIN_ONLY  # no network can recognise a class that it has not learnt
    return assignment


def _occurs_once(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    _, inverse, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(count[inverse] == 1)


def _column(table: Table, name: str) -> NDArray[np.str_]:
    if name not in table.columns:
        known = ", ".join(table.columns) or "none but image and label"
        raise RecipeError(f"the training table has no column {name!r}", f"Its further columns: {known}.")
    return np.asarray(table.columns[name])


def check_students(folds: Sequence[Fold], group: NDArray[np.int64] | None, relation: str, recipe: Recipe) -> None:
    """Refuse folds that separate related rows where students are wanted, before anything is trained.

    Args:
        folds: those that will be trained.
        group: int64 [N], related rows share a number; None where it is not known.
        relation: what relates them, as in `folds.group`; empty: it is not known.
        recipe: of the run.

    Raises:
        UserError: rows of a fold are related to those that the fold's networks, its student's teachers, learn from.
    """
    enabled = {"pseudo_label": recipe.pseudo_label.enabled, "distill": recipe.distill.enabled}
    stages = " and ".join(name for name, wanted in enabled.items() if wanted)
    if not stages or group is None:
        return
    problems = [
        f"{stages}: {sentence}, and its student would learn from it"
        for fold in folds
        for sentence in leaked_rows(
            [Teacher(f"a network of fold {fold.number}", fold.train)],
            fold.number,
            fold.held_out(len(group)),
            group,
            relation,
        )
    ]
    if problems:
        raise RecipeError(problems, "Keep them together with folds.group=near_duplicate, or leave the stage out.")


def _write_folds(context: RunContext, assignment: NDArray[np.int64], state: RunState) -> None:
    """Write `folds.parquet`; without known relations, or near-duplicates, each row is alone."""
    table = context.table
    alone = np.arange(len(table.train))
    group, copies = (alone if known is None else known for known in (state.group, state.copies))
    write_training_rows(context.run.folds, TrainingRows(table.train.paths, table.label, group, assignment, copies))
