"""What the user should know of the folds of a run: copies in several of them, and classes that a training lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold, crossing_groups, crossing_pairs
from sketchfit.data.table import Table
from sketchfit.wording import counted, listed

Ints = NDArray[np.int64]

SHOWN = 5
"""Folds of which the missing classes are named."""


def fold_notes(
    table: Table, folds: Sequence[Fold], assignment: Ints, group: Ints | None, recipe: Recipe
) -> Iterator[str]:
    """Yield one sentence per fact.

    Args:
        table: checked tables.
        folds: all folds of the recipe.
        assignment: int64 [R, N], the fold of each row in each repeat; -1 where it is validated in none.
        group: int64 [N], near-duplicate group of each row; None where none are known.
        recipe: of the run.
    """
    rows = np.unique(np.concatenate([part for fold in folds for part in (fold.train, fold.valid)]))
    if group is not None:
        yield from _crossing(assignment[:, rows], group[rows], recipe)
    yield from _missing_classes(table, folds, rows)
    yield from _never_validated(table, folds, rows)


def _crossing(assignment: Ints, group: Ints, recipe: Recipe) -> Iterator[str]:
    """Yield the pairs of one group in different folds, for each repeat that has some."""
    column = recipe.folds.column
    cause = f"folds.column={column}" if column is not None else f"folds.group={recipe.folds.group}"
    for repeat, fold in enumerate(assignment):
        if not (pairs := crossing_pairs(fold, group)):
            continue
        where = f" in repeat {repeat}" if len(assignment) > 1 else ""
        yield (
            f"{counted(pairs, 'pair')} of near-duplicates ({counted(crossing_groups(fold, group), 'group')}) are in "
            f"different folds{where} ({cause}): out-of-fold figures are too high by what the networks remember"
        )


def _missing_classes(table: Table, folds: Sequence[Fold], rows: Ints) -> Iterator[str]:
    """Yield the classes of which a fold validates all images, so that its network does not learn them."""
    every, lacking = np.unique(table.label[rows]), 0
    for fold in folds:
        missing = np.setdiff1d(every, table.label[fold.train])
        if not len(missing):
            continue
        lacking += 1
        if lacking <= SHOWN:
            named = listed([table.class_names[number] for number in missing])
            yield f"fold {fold.number} validates all images of a class, so its network does not learn it: {named}"
    if lacking > SHOWN:
        yield f"{counted(lacking - SHOWN, 'more fold lacks', 'more folds lack')} training images of a class"


def _never_validated(table: Table, folds: Sequence[Fold], rows: Ints) -> Iterator[str]:
    """Yield the classes without an image in any validation, and those without a usable image."""
    validated = np.unique(np.concatenate([table.label[fold.valid] for fold in folds]))
    learnt = np.unique(table.label[rows])
    unknown = np.setdiff1d(np.arange(table.class_count), learnt)
    for numbers, what in (
        (np.setdiff1d(learnt, validated), "are learnt, but no fold validates an image of them"),
        (unknown, "have no image that can be read, so no network learns them"),
    ):
        if len(numbers):
            named = listed([table.class_names[number] for number in numbers])
            yield f"{len(numbers)} of {table.class_count} classes {what}: {named}"
