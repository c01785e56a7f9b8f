"""Read the training rows of a data set: a table with labels, or class folders."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from sketchfit.data.checks import (
    IMAGE_COLUMNS,
    LABEL_COLUMNS,
    NAME_COLUMNS,
    TableProblems,
    about_rows,
    find_column,
    nearest_column,
    need_column,
)
from sketchfit.data.labels import Classes, read_classes
from sketchfit.data.layouts import class_folders
from sketchfit.data.listing import ALLOW_LINKS
from sketchfit.data.paths import Resolved, resolve
from sketchfit.data.read_settings import Missing
from sketchfit.data.sample_labels import KnownClasses
from sketchfit.data.sheets import Sheet
from sketchfit.data.source import DataSource
from sketchfit.data.table import Split
from sketchfit.wording import listed

TRAIN_BASES = ("train", "", "images", "train_images")
"""Folders that a table's paths may be relative to. The first that holds most of the files is used for all rows."""


@dataclass(frozen=True)
class Training:
    """The training rows.

    Attributes:
        split: their images.
        classes: their classes.
        columns: further columns.
        known: the classes, as the sample submission may write them.
    """

    split: Split
    classes: Classes
    columns: dict[str, np.ndarray[Any, Any]]
    known: KnownClasses


def read_training(source: DataSource) -> Training | None:
    """Read the training rows; None if there are problems."""
    if source.layout.train_folder is not None:
        return _read_class_folders(source.layout.train_folder, source)
    sheet = source.sheet(source.layout.train_table)
    if sheet is None:
        return None
    problems = source.problems
    image, label, name_column = _train_columns(sheet, source)
    if image is None or label is None or not sheet.rows:
        return None
    names = sheet.column(image)
    resolved = resolve(sheet, names, source.listing, TRAIN_BASES, problems)
    class_names = sheet.column(name_column) if name_column and name_column != label else None
    folders = [PurePosixPath(name.strip().replace("\\", "/")).parent.name for name in names]
    classes = read_classes(sheet, sheet.column(label), class_names, folders, problems, source.settings.labels)
    _report_absent(sheet, names, resolved, source.settings.missing, problems)
    cells = sheet.column(label)
    labels = [classes.labels[number] for number in classes.label] if classes else [cell.strip() for cell in cells]
    kept = _first_of_each(sheet, names, resolved.paths, labels, problems)
    if classes is None:
        return None
    absent = set(resolved.absent)
    kept = [row for row in kept if row not in absent]
    others = [column for column in sheet.header if column and column not in (image, label, name_column)]
    return Training(
        split=Split(tuple(resolved.paths[row] for row in kept), tuple(names[row] for row in kept)),
        classes=replace(classes, label=classes.label[kept]),
        columns={column: np.array(sheet.column(column), dtype=np.str_)[kept] for column in others},
        known=KnownClasses(classes, sheet.name, label, name_column),
    )


def _train_columns(sheet: Sheet, source: DataSource) -> tuple[str | None, str | None, str | None]:
    """Return the columns of images, labels and class names."""
    problems = source.problems
    image = need_column(
        sheet, source.settings.names.image_column, IMAGE_COLUMNS, "image paths", "--image-column", problems
    )
    name_column = find_column(sheet, NAME_COLUMNS)
    # Names are the labels of a table without numbers, but not of one whose column of numbers is misspelt.
    named_only = name_column and nearest_column(sheet, LABEL_COLUMNS[0]) is None
    usual = (*LABEL_COLUMNS, name_column) if name_column and named_only else LABEL_COLUMNS
    label = need_column(sheet, source.settings.names.label_column, usual, "labels", "--label-column", problems)
    if not sheet.rows:
        problems.add(f"{sheet.name} is empty: it has column names and no row")
    return image, label, name_column


def _read_class_folders(folder: str, source: DataSource) -> Training | None:
    listing, layout, problems = source.listing, source.layout, source.problems
    names = class_folders(listing, folder, layout.test_folder)
    prefix = f"{folder}/" if folder else ""
    images = [listing.images(prefix + name) for name in names]
    outside = listing.outside(folder)
    if outside:
        problems.add(f"links in the training folders lead outside {layout.root}: {listed(outside)}. {ALLOW_LINKS}")
    empty = [name for name in listing.folders(folder) if name not in names and prefix + name != layout.test_folder]
    if empty:
        problems.note(f"folders without images are not classes: {listed(empty)}")
    paths = tuple(path for of_class in images for path in of_class)
    split = Split(paths, tuple(path.removeprefix(prefix) for path in paths))
    # macOS stores Hangul and accents decomposed; names that are shown and written are composed.
    labels = [unicodedata.normalize("NFC", name) for name, own in zip(names, images, strict=True) for _ in own]
    classes = read_classes(_folder_sheet(folder, paths), labels, None, labels, problems, source.settings.labels)
    return None if classes is None else Training(split, classes, {}, KnownClasses(classes, "the class folders"))


def _folder_sheet(folder: str, paths: tuple[str, ...]) -> Sheet:
    """Return a table of the images in class folders, so that their labels are checked as those of a table."""
    rows = tuple((path,) for path in paths)
    return Sheet(f"{folder or '.'}/", ("image_path",), rows, tuple(range(1, len(rows) + 1)), "image", "utf-8")


def _report_absent(
    sheet: Sheet, names: Sequence[str], resolved: Resolved, missing: Missing, problems: TableProblems
) -> None:
    absent = [(row, repr(names[row])) for row in resolved.absent]
    if missing == "drop" and 0 < len(absent) < len(names):
        problems.note(about_rows(sheet, "file does not exist, row dropped", absent))
        return
    searched = TRAIN_BASES if len(absent) == len(names) else (resolved.base,)
    where = listed([f"{base or '.'}/" for base in searched])
    problems.rows(sheet, "file does not exist", absent, f"Searched in {where}.")


def _first_of_each(
    sheet: Sheet, names: Sequence[str], paths: Sequence[str], labels: Sequence[str], problems: TableProblems
) -> list[int]:
    """Return the rows without those that repeat an image and its label; one image with two labels is a problem."""
    first: dict[str, int] = {}
    kept, repeated, contradictory = [], [], []
    for row, path in enumerate(paths):
        before = first.setdefault(path, row) if path else row
        if before == row:
            kept.append(row)
        elif labels[before] == labels[row]:
            repeated.append((row, repr(names[row])))
        else:
            other = f"{labels[before]!r} on {sheet.where(before)}"
            contradictory.append((row, f"{names[row]!r} is {labels[row]!r}, but {other}"))
    problems.rows(sheet, "image has a second label", contradictory)
    if repeated:
        problems.note(about_rows(sheet, "image repeated with the same label, row dropped", repeated))
    return kept
