"""Read the test rows of a data set: a table without labels, or a folder of images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sketchfit.data.checks import IMAGE_COLUMNS, find_column
from sketchfit.data.image_rows import read_rows
from sketchfit.data.listing import ALLOW_LINKS
from sketchfit.data.sheets import Sheet
from sketchfit.data.source import DataSource
from sketchfit.data.table import Split
from sketchfit.wording import listed

TEST_BASES = ("test", "", "images", "test_images")
"""Folders that a table's paths may be relative to. The first that holds most of the files is used for all rows."""


@dataclass(frozen=True)
class Testing:
    """The test rows, and their table if they have one."""

    split: Split
    sheet: Sheet | None


def read_testing(source: DataSource) -> Testing | None:
    """Read the test rows; None if there are problems."""
    layout, listing = source.layout, source.listing
    if layout.test_table is None:
        if layout.test_folder is None:
            return Testing(Split((), ()), None)
        outside = listing.outside(layout.test_folder)
        if outside:
            source.problems.add(
                f"links in {layout.test_folder}/ lead outside {layout.root}: {listed(outside)}. {ALLOW_LINKS}"
            )
        paths = tuple(listing.images(layout.test_folder))
        return Testing(Split(paths, tuple(path.removeprefix(f"{layout.test_folder}/") for path in paths)), None)
    sheet = source.sheet(layout.test_table)
    if sheet is None:
        return None
    split = read_rows(sheet, listing, source.settings, TEST_BASES, source.problems)
    return None if split is None else Testing(split, sheet)


def test_columns(sheet: Sheet | None, source: DataSource) -> dict[str, np.ndarray[Any, Any]]:
    """Return the columns of the test table other than that of the images."""
    if sheet is None:
        return {}
    image = find_column(sheet, (source.settings.names.image_column or IMAGE_COLUMNS[0], *IMAGE_COLUMNS))
    names = [column for column in sheet.header if column and column != image]
    return {column: np.array(sheet.column(column), dtype=np.str_) for column in names}
