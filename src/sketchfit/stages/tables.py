"""The tables of a run: read, checked and changed by the recipe's review files."""

from __future__ import annotations

from pathlib import Path

from sketchfit.config.recipe import Recipe
from sketchfit.data.layouts import TableNames
from sketchfit.data.readers import read_table
from sketchfit.data.review import review_table
from sketchfit.data.table import Table
from sketchfit.errors import UserError


def load_table(data: Path, recipe: Recipe, with_folds: bool = True) -> Table:
    """Read and check the tables as the recipe says; with folds, a class smaller than their number is an error."""
    if not data.exists():
        raise UserError(f"{data} does not exist", "Give the folder that holds train.csv, or a table.")
    folds = recipe.folds.k if with_folds and recipe.folds.holdout is None and recipe.folds.column is None else None
    table = read_table(data, TableNames(recipe.data.image_column, recipe.data.label_column), folds=folds)
    return review_table(table, recipe.data, folds)
