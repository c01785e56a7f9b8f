"""Read the images that a user names for prediction: files, folders and tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sketchfit.data.checks import TableProblems
from sketchfit.data.image_rows import check_unicode, read_rows
from sketchfit.data.listing import Listing
from sketchfit.data.sheets import is_table_name
from sketchfit.data.source import read_checked_sheet
from sketchfit.data.table import Split

BASES = ("", "test", "images", "train")
"""Folders that a table's paths may be relative to. The first that holds most of the files is used for all rows."""


def read_images(sources: Sequence[Path], image_column: str | None = None) -> tuple[Path, Split]:
    """List the images of files, folders (all images below, in natural order) and tables.

    A table's row whose file is missing keeps its place. The name of an image is what the user gave, the table's text,
    or the path below the given folder.

    Args:
        sources: files, folders and tables, in the order of the predictions.
        image_column: name of the tables' column of paths, if it is not a usual one.

    Returns:
        A folder, and the rows with paths relative to it.

    Raises:
        UserError: a file or folder that does not exist, a folder without images, a table without an image column or
            with a path that leaves its folder.
    """
    problems = TableProblems()
    rows = [row for source in sources for row in _rows(source, image_column, problems)]
    if not sources:
        problems.add("no images are given")
    check_unicode([path for path, _ in rows], problems)
    problems.stop("Give image files, a folder of images, or a table (CSV, TSV, Parquet) with a column of paths.")
    parents = {os.path.dirname(path) for path, _ in rows}  # noqa: PTH120
    root = Path(os.path.commonpath(parents)) if parents else Path.cwd()
    paths = tuple(Path(path).relative_to(root).as_posix() for path, _ in rows)
    return root, Split(paths, tuple(name for _, name in rows))


def _rows(source: Path, image_column: str | None, problems: TableProblems) -> list[tuple[str, str]]:
    """Return (absolute path, name) of the images of one source."""
    place = Path(os.path.abspath(source))  # noqa: PTH100 - links stay as they are
    if place.is_dir():
        images = Listing(place).images()
        if not images:
            problems.add(f"{source}: no image in this folder")
        return [(str(place / image), image) for image in images]
    if not place.is_file():
        problems.add(f"{source} does not exist")
        return []
    if not is_table_name(place.name):
        return [(str(place), str(source))]
    sheet = read_checked_sheet(place, place.parent, problems)
    split = read_rows(sheet, Listing(place.parent), image_column, BASES, problems) if sheet else None
    if split is None:
        return []
    return [(str(place.parent / path), name) for path, name in zip(split.paths, split.names, strict=True)]
