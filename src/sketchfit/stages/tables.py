"""The tables of a run: read, checked and changed by the recipe's review files."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from sketchfit.activity import activity
from sketchfit.config.data import DataSection
from sketchfit.config.recipe import Recipe
from sketchfit.data.read_settings import ReadSettings, TableNames
from sketchfit.data.readers import read_table
from sketchfit.data.remote import hold_copy
from sketchfit.data.review import review_table
from sketchfit.data.table import Table
from sketchfit.errors import DataError, no_such_data, raised_as
from sketchfit.wording import counted

log = logging.getLogger(__name__)


@raised_as(DataError)
@activity("reading tables")
def load_table(data: Path, recipe: Recipe, with_folds: bool = True) -> Table:
    """Read and check the tables by the recipe's settings; with folds, a class smaller than their number is noted.

    A copy of remote data is in use from here on, until the process ends.

    Raises:
        UserError: nothing there, or mistakes in the tables or the review files.
    """
    hold_copy(data)
    if not data.exists():
        raise no_such_data(data)
    folds = recipe.folds.k if with_folds and recipe.folds.holdout is None and recipe.folds.column is None else None
    table = read_table(data, read_settings(recipe.data, folds))
    return review_table(table, recipe.data)


def read_settings(section: DataSection, folds: int | None) -> ReadSettings:
    """Return how the recipe reads a data set that will have this number of folds."""
    return ReadSettings(
        names=TableNames(
            image_column=section.image_column,
            label_column=section.label_column,
            train=section.train,
            valid=section.valid,
            test=section.test,
            sample=section.sample,
            split_column=section.split_column,
        ),
        folds=folds,
        missing=section.missing,
        labels=section.labels,
        encoding=section.encoding,
        class_folders=section.class_folders,
        follow_links=section.follow_links,
    )


def print_table(table: Table) -> None:
    """Print where the rows are from, one line on the data, and the notes of the readers."""
    counts = np.bincount(table.label, minlength=table.class_count)
    fewest, most = counts.min(), counts.max()
    per_class = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"
    log.info(f"{table_line(table)}; {per_class} training images per class")
    for line in table.layout:
        log.info(line)
    for note in table.notes:
        log.info(f"note: {note}")
    for unused in table.unused:
        log.info(f"note: {unused}")


def table_line(table: Table) -> str:
    """Return one line on the size of the data."""
    train, test = counted(len(table.train), "training image"), counted(len(table.test), "test image")
    return f"{train} in {counted(table.class_count, 'class')}, {test}"
