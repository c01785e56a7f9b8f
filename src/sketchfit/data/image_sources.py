"""Read the images that a user names for prediction: files, folders and tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sketchfit.data.checks import TableProblems
from sketchfit.data.columns import Places
from sketchfit.data.containers import is_container, member_path, members
from sketchfit.data.image_rows import check_unicode, read_rows
from sketchfit.data.listing import ALLOW_LINKS, Listing
from sketchfit.data.read_settings import ReadSettings
from sketchfit.data.sheets import is_table_name
from sketchfit.data.source import read_checked_sheet
from sketchfit.data.table import Split
from sketchfit.data.unused import unused_files
from sketchfit.wording import listed

BASES = ("", "test", "images", "train")
"""Folders that a table's paths may be relative to. The first that holds most of the files is used for all rows."""


@dataclass(frozen=True)
class NamedImages:
    """Images that a user names.

    Attributes:
        root: folder that all paths are relative to.
        split: the rows.
        notes: what to know that is not an error, one sentence each.
    """

    root: Path
    split: Split
    notes: tuple[str, ...] = ()


def read_images(sources: Sequence[Path], settings: ReadSettings | None = None) -> NamedImages:
    """List the images of files, folders (all images below, in natural order) and tables.

    A table's row whose file is missing keeps its place. The name of an image is what the user gave, the table's text,
    or the path below the given folder; of different images with one name, the path with the given folder. A file of
    strokes (`.ndjson`) has one image per line.

    Args:
        sources: files, folders and tables, in the order of the predictions.
        settings: name of the tables' column of paths, if it is not a usual one; whether links are followed.

    Raises:
        UserError: a file or folder that does not exist, a folder without images, a table without an image column or
            with a path that leaves its folder.
    """
    problems, settings = TableProblems(), settings or ReadSettings()
    rows = _distinct([row for source in sources for row in _rows(source, settings, problems)])
    if not sources:
        problems.add("no images are given")
    check_unicode([path for path, _ in rows], problems)
    problems.stop("Give image files, a folder of images, or a table (CSV, TSV, Parquet) with a column of paths.")
    parents = {os.path.dirname(path) for path, _ in rows}  # noqa: PTH120
    root = Path(os.path.commonpath(parents)) if parents else Path.cwd()
    paths = tuple(Path(path).relative_to(root).as_posix() for path, _ in rows)
    return NamedImages(root, Split(paths, tuple(name for _, name in rows)), tuple(problems.notes))


def _distinct(rows: Sequence[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Return (absolute path, name), with the long name for those whose short name other images have too."""
    paths: dict[str, set[str]] = {}
    for path, name, _ in rows:
        paths.setdefault(name, set()).add(path)
    return [(path, name if len(paths[name]) == 1 else long) for path, name, long in rows]


def _rows(source: Path, settings: ReadSettings, problems: TableProblems) -> list[tuple[str, str, str]]:
    """Return (absolute path, name, long name) of the images of one source."""
    place = Path(os.path.abspath(source))  # noqa: PTH100 - links stay as they are
    if place.is_dir():
        images = _images_in(place, source, settings, problems)
        return [(str(place / image), image, str(source / image)) for image in images]
    if not place.is_file():
        problems.add(f"{source} does not exist")
        return []
    if is_container(place):
        drawings = [(member_path(str(place), number), member_path(str(source), number)) for number in members(place)]
        return [(path, name, name) for path, name in drawings]
    if not is_table_name(place.name):
        return [(str(place), str(source), str(source))]
    sheet = read_checked_sheet(place, place.parent, problems)
    listing = Listing(place.parent, settings.follow_links)
    split = read_rows(sheet, Places(listing, BASES), settings, problems) if sheet else None
    if split is None:
        return []
    pairs = zip(split.paths, split.names, strict=True)
    return [(str(place.parent / path), name, str(source.parent / path)) for path, name in pairs]


def _images_in(folder: Path, source: Path, settings: ReadSettings, problems: TableProblems) -> list[str]:
    """Return the images in a folder and below, relative to it."""
    listing = Listing(folder, settings.follow_links)
    if outside := listing.outside():
        problems.add(f"links in {source} lead outside: {listed(outside)}. {ALLOW_LINKS}")
    drawings = [member_path(name, number) for name in listing.containers() for number in members(folder / name)]
    images = [*listing.images(), *drawings]
    if not images:
        problems.add(f"{source}: no image in this folder")
    for unused in unused_files(listing, images):
        problems.note(str(unused))
    return images
