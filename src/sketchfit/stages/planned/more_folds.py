"""More folds than usual for a run with a deadline.

Its time is rarely enough for the networks of all folds. With more folds each network learns from more rows, at the cost
of out-of-fold figures on fewer rows while few folds are trained.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.folds import FoldsSection
from sketchfit.config.recipe import Recipe
from sketchfit.data.table import Table
from sketchfit.stages.relate import named_groups

FOLDS = 8

LEAST_PER_CLASS = 10
"""Images of the smallest class."""


def with_more_folds(recipe: Recipe, table: Table, group: NDArray[np.int64] | None = None) -> Recipe:
    """Return the recipe with `FOLDS` folds where it has the usual ones, each class has enough images, and there are as
    many groups.

    Args:
        recipe: of the run.
        table: checked tables.
        group: int64, of each training row; None: as far as names and columns of the table give it.

    Raises:
        UserError: `folds.group` is not valid for this table.
    """
    if recipe.folds != FoldsSection(group=recipe.folds.group):
        return recipe
    group = named_groups(recipe.folds, table) if group is None else group
    few_groups = group is not None and len(np.unique(group)) < FOLDS
    if few_groups or np.bincount(table.label, minlength=table.class_count).min() < LEAST_PER_CLASS:
        return recipe
    return recipe.model_copy(update={"folds": recipe.folds.model_copy(update={"k": FOLDS})})
