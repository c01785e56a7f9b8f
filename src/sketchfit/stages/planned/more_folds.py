"""More folds than usual for a run with a deadline.

Its time is rarely enough for the networks of all folds. With more folds each network learns from more rows, at the cost
of out-of-fold figures on fewer rows while few folds are trained.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np

from sketchfit.config.folds import FoldsSection
from sketchfit.config.recipe import Recipe
from sketchfit.data.table import Table
from sketchfit.stages.context import RunContext
from sketchfit.stages.start import open_tables

log = logging.getLogger(__name__)

FOLDS = 8

LEAST_PER_CLASS = 10
"""Images of the smallest class."""


def open_planned(data: Path, recipe: Recipe, folder: Path) -> RunContext:
    """Read the tables of a run with a deadline; arguments and errors: `open_tables`."""
    context = open_tables(data, recipe, folder)
    return replace(context, recipe=with_more_folds(context.recipe, context.table))


def with_more_folds(recipe: Recipe, table: Table) -> Recipe:
    """Return the recipe with `FOLDS` folds where it has the usual ones, and each class has enough images."""
    usual = recipe.folds == FoldsSection(group=recipe.folds.group)
    if not usual or np.bincount(table.label, minlength=table.class_count).min() < LEAST_PER_CLASS:
        return recipe
    log.info(f"{FOLDS} folds in place of {recipe.folds.k}, so that each network learns from more images")
    return recipe.model_copy(update={"folds": recipe.folds.model_copy(update={"k": FOLDS})})
