"""Read the test rows of a data set: a table without labels, a folder of images, or rows of the training table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sketchfit.data.columns import MOST_FILES, image_column
from sketchfit.data.image_rows import read_rows
from sketchfit.data.layouts import Layout
from sketchfit.data.layouts.choose_tables import joined_sheet
from sketchfit.data.read_settings import NONE
from sketchfit.data.sheets import Sheet
from sketchfit.data.table import Split
from sketchfit.data.training_table import LabelledTable
from sketchfit.wording import counted, listed


@dataclass(frozen=True)
class Testing:
    """The test rows.

    Attributes:
        split: all rows.
        sheet: their table, if they have one.
        columns: further columns of the table.
        lines: what the rows are from, and how many there are.
    """

    split: Split
    sheet: Sheet | None = None
    columns: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    lines: tuple[str, ...] = ()


def read_testing(layout: Layout, table: LabelledTable | None) -> Testing | None:
    """Read the test rows; None if there are problems.

    Args:
        layout: the parts of the data set.
        table: the training table, which may have the test rows too.
    """
    part, source = layout.parts.get("test"), layout.found.source
    if source.settings.names.test == NONE:
        return Testing(Split((), ()))
    if table is not None and "test" in table.rows and (part is None or not table.by_folder):
        if part is not None and part.tables:
            _report_both(layout, table)
            return None
        path = layout.parts["train"].tables[0]
        return _table_rows(layout, table.rows["test"], path, table)
    if part is not None and part.tables:
        sheet = joined_sheet(layout.found, part)
        return None if sheet is None else _table_rows(layout, sheet, part.tables[0], table)
    if part is not None:
        return _folder_rows(layout)
    return _sample_rows(layout, table) or Testing(Split((), ()))


def _table_rows(layout: Layout, sheet: Sheet, path: Path, table: LabelledTable | None) -> Testing | None:
    found = layout.found
    places, given = found.places("test", path), found.source.settings.names.image_column
    preferred = given or (table.columns.image if table else None)
    image = image_column(sheet, None, places, preferred)
    settings = found.source.settings
    settings = replace(settings, names=replace(settings.names, image_column=image or given))
    split = read_rows(sheet, places, settings, found.source.problems)
    if split is None:
        return None
    hidden = table.columns.used() if table is not None and "test" in table.rows else frozenset()
    names = [name for name in sheet.header if name and name != image and name not in hidden]
    columns = {name: np.array(sheet.column(name), dtype=np.str_) for name in names}
    line = f"test: {sheet.name} (images {image!r}): {counted(len(split), 'row')}"
    return Testing(split, sheet, columns, (line,))


def _folder_rows(layout: Layout) -> Testing:
    source, part = layout.found.source, layout.parts["test"]
    folder = part.folder or ""
    places = [one.path for one in part.classes] or [folder]
    paths = tuple(path for place in places for path in source.listing.images(place))
    prefix = f"{folder}/" if folder else ""
    line = f"test: images in {folder or '.'}/: {counted(len(paths), 'row')}"
    return Testing(Split(paths, tuple(path.removeprefix(prefix) for path in paths)), lines=(line,))


def _sample_rows(layout: Layout, table: LabelledTable | None) -> Testing | None:
    """Return the rows of the sample submission where nothing else names test images; None if it names none either."""
    found = layout.found
    sheet = None if found.sample is None else found.source.try_sheet(found.sample)
    if sheet is None or found.sample is None or table is None:
        return None
    places = found.places("test", found.sample)
    image = image_column(sheet, None, places, table.columns.image)
    if image is None or places.share(sheet, image) < MOST_FILES:
        return None
    trained = set(places.found(table.sheet, table.columns.image)) - {""}
    if trained & set(places.found(sheet, image)):
        return None
    return _table_rows(layout, sheet, found.sample, table)


def _report_both(layout: Layout, table: LabelledTable) -> None:
    names = [layout.found.source.name(path) for path in layout.parts["test"].tables]
    layout.found.source.problems.add(
        f"test rows are named by {table.by} of {table.sheet.name} and by {listed(names)}. Set data.split_column=none "
        "to train on all rows of the first, or data.test=none to use its test rows only."
    )
