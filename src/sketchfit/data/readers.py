"""From the user's folder or table to a checked `Table`; from the images to classify to a `Split`."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from sketchfit.data.checks import (
    IMAGE_COLUMNS,
    LABEL_COLUMNS,
    NAME_COLUMNS,
    Problems,
    about_rows,
    find_column,
    nearest_column,
    need_column,
)
from sketchfit.data.labels import Classes, read_classes
from sketchfit.data.layouts import LAYOUTS, Layout, class_folders, find_layout
from sketchfit.data.listing import Listing, natural_key
from sketchfit.data.paths import Resolved, resolve
from sketchfit.data.sample import read_sample
from sketchfit.data.table import Split, Table
from sketchfit.data.text_tables import TABLE_SUFFIXES, Sheet, TableError, read_sheet
from sketchfit.errors import UserError
from sketchfit.wording import listed

TRAIN_BASES = ("train", "", "images", "train_images")
TEST_BASES = ("test", "", "images", "test_images")
ANY_BASES = ("", "test", "images", "train")
"""Folders that a table's paths may be relative to; the first that holds most of them is taken for all of its rows."""


@dataclass(frozen=True)
class Training:
    """The training rows: their images, classes and further columns."""

    split: Split
    classes: Classes
    columns: dict[str, np.ndarray[Any, Any]]


def read_table(
    data: Path,
    *,
    image_column: str | None = None,
    label_column: str | None = None,
    train: str | None = None,
    test: str | None = None,
    folds: int | None = None,
    missing: Literal["error", "drop"] = "error",
) -> Table:
    """Read and check all tables of a data set.

    See `layouts` for what is recognised and `labels` for how classes are numbered. Rows keep their order. A test row is
    never dropped: one whose file is not there keeps its place and path, and is noted (where no test file is there at
    all, that is an error). Of training rows that name the same image with the same label the first is kept, and that is
    noted.

    Args:
        data: a folder, or the path of a CSV, TSV or Parquet table.
        image_column, label_column: the columns' names where they are none of the usual ones.
        train, test: table or folder, relative to the data folder, where they are not called `train…` and `test…`.
        folds: number of folds planned: a class with fewer images is an error.
        missing: what to do about training rows whose file is not there: an error that lists them, or drop and note
            them.

    Raises:
        UserError: all that is wrong, together.
    """
    data = Path(data)
    if not data.exists():
        raise UserError(f"{data} does not exist", LAYOUTS)
    if data.is_file() and not data.name.lower().endswith(TABLE_SUFFIXES):
        raise UserError(f"{data} is neither a folder nor a table ({', '.join(TABLE_SUFFIXES)})", LAYOUTS)
    listing = Listing(data if data.is_dir() else data.parent)
    layout = find_layout(data, listing, train, test, image_column, label_column)
    problems = Problems()
    training = _read_train(layout, listing, image_column, label_column, missing, problems)
    testing = _read_test(layout, listing, image_column, problems)
    sample = _sheet(layout.sample, layout.root, problems)
    submission = read_sample(sample, *testing, image_column, problems) if sample and testing else None
    if training:
        _check_classes(training.classes, folds, problems)
    if training and testing:
        _note_shared(training.split, testing[0], problems)
        _check_unicode([*training.split.paths, *training.classes.names, *testing[0].paths], problems)
    problems.stop()
    assert training is not None  # else there was a problem
    assert testing is not None
    return Table(
        root=layout.root,
        train=training.split,
        test=testing[0],
        label=training.classes.label,
        class_names=training.classes.names,
        class_targets=training.classes.targets,
        submission=submission,
        columns=training.columns,
        notes=tuple(problems.notes),
    )


def read_images(sources: Sequence[Path], image_column: str | None = None) -> tuple[Path, Split]:
    """The images that a user names for prediction: files, folders (all images below, in natural order) and tables.

    A table's row whose file is not there keeps its place. Names are what the user gave, the table's text, or the path
    below the folder given.

    Args:
        sources: files, folders and tables, in the order in which they are to be answered.
        image_column: the tables' column of paths, where it is none of the usual ones.

    Returns:
        A folder, and the rows with paths relative to it.

    Raises:
        UserError: a file or folder that does not exist, a folder without images, a table without an image column or
            with a path that leaves its folder.
    """
    problems = Problems()
    rows: list[tuple[str, str]] = []
    for source in sources:
        place = Path(os.path.abspath(source))  # noqa: PTH100 - links stay as they are
        if place.is_dir():
            images = Listing(place).images()
            if not images:
                problems.add(f"{source}: no image in this folder")
            rows += [(str(place / image), image) for image in images]
        elif not place.is_file():
            problems.add(f"{source} does not exist")
        elif place.name.lower().endswith(TABLE_SUFFIXES):
            sheet = _sheet(place, place.parent, problems)
            split = _read_rows(sheet, Listing(place.parent), image_column, ANY_BASES, problems) if sheet else None
            if split:
                rows += [(str(place.parent / path), name) for path, name in zip(split.paths, split.names, strict=True)]
        else:
            rows.append((str(place), str(source)))
    if not sources:
        problems.add("no images are given")
    _check_unicode([path for path, _ in rows], problems)
    problems.stop("Give image files, a folder of images, or a table (CSV, TSV, Parquet) with a column of paths.")
    parents = {os.path.dirname(path) for path, _ in rows}  # noqa: PTH120
    root = Path(os.path.commonpath(parents)) if parents else Path.cwd()
    paths = tuple(Path(path).relative_to(root).as_posix() for path, _ in rows)
    return root, Split(paths, tuple(name for _, name in rows))


def _check_unicode(names: Sequence[str], problems: Problems) -> None:
    """Names that the file system holds in another encoding could be written to no table of ours."""
    for name in names:
        if not name.isascii() and name.encode("utf-8", "surrogateescape") != name.encode("utf-8", "replace"):
            shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            problems.add(f"{shown}: the file's name is not UTF-8; rename it")


def _sheet(path: Path | None, root: Path, problems: Problems) -> Sheet | None:
    if path is None:
        return None
    try:
        sheet = read_sheet(path, path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path))
    except TableError as error:
        problems.add(*error.args)
        return None
    if sheet.guessed:
        problems.note(f"{sheet.name} is not UTF-8; it was read as {sheet.encoding}")
    return sheet


def _read_train(
    layout: Layout,
    listing: Listing,
    image_column: str | None,
    label_column: str | None,
    missing: Literal["error", "drop"],
    problems: Problems,
) -> Training | None:
    if layout.train_folder is not None:
        return _read_class_folders(layout.train_folder, layout, listing, problems)
    sheet = _sheet(layout.train_table, layout.root, problems)
    if sheet is None:
        return None
    image = need_column(sheet, image_column, IMAGE_COLUMNS, "images' paths", "--image-column", problems)
    name_column = find_column(sheet, NAME_COLUMNS)
    # Names are the labels of a table without numbers, but not of one whose column of numbers is misspelt.
    named_only = name_column and nearest_column(sheet, LABEL_COLUMNS[0]) is None
    usual = (*LABEL_COLUMNS, name_column) if name_column and named_only else LABEL_COLUMNS
    label = need_column(sheet, label_column, usual, "labels", "--label-column", problems)
    if not sheet.rows:
        problems.add(f"{sheet.name} is empty: it names columns and holds no row")
    if image is None or label is None or not sheet.rows:
        return None
    names = sheet.column(image)
    resolved = resolve(sheet, names, listing, TRAIN_BASES, problems)
    class_names = sheet.column(name_column) if name_column and name_column != label else None
    folders = [PurePosixPath(name.strip().replace("\\", "/")).parent.name for name in names]
    classes = read_classes(sheet, sheet.column(label), class_names, folders, problems)
    _report_absent(sheet, names, resolved, missing, problems)
    kept = _first_of_each(sheet, names, resolved.paths, sheet.column(label), problems)
    if classes is None:
        return None
    absent = set(resolved.absent)
    kept = [row for row in kept if row not in absent]
    if resolved.base:
        _note_unlisted(listing, resolved, problems)
    others = [column for column in sheet.header if column and column not in (image, label, name_column)]
    return Training(
        split=Split(tuple(resolved.paths[row] for row in kept), tuple(names[row] for row in kept)),
        classes=replace(classes, label=classes.label[kept]),
        columns={column: np.array(sheet.column(column), dtype=np.str_)[kept] for column in others},
    )


def _read_class_folders(folder: str, layout: Layout, listing: Listing, problems: Problems) -> Training:
    names = class_folders(listing, folder, layout.test_folder)
    prefix = f"{folder}/" if folder else ""
    images = [listing.images(prefix + name) for name in names]
    outside = listing.outside(folder)
    if outside:
        problems.add(f"links in the training folders lead outside {layout.root}: {listed(outside)}")
    empty = [name for name in listing.folders(folder) if name not in names and prefix + name != layout.test_folder]
    if empty:
        problems.note(f"folders without images are no classes: {listed(empty)}")
    paths = tuple(path for of_class in images for path in of_class)
    label = np.repeat(np.arange(len(names), dtype=np.int64), [len(of_class) for of_class in images])
    split = Split(paths, tuple(path.removeprefix(prefix) for path in paths))
    # macOS stores Hangul and accents decomposed; names are shown and written, so composed
    composed = tuple(unicodedata.normalize("NFC", name) for name in names)
    return Training(split, Classes(label, composed, tuple(range(len(names)))), {})


def _read_test(
    layout: Layout, listing: Listing, image_column: str | None, problems: Problems
) -> tuple[Split, Sheet | None] | None:
    """Test rows, and their table if they have one; None if there are mistakes."""
    if layout.test_table is None:
        if layout.test_folder is None:
            return Split((), ()), None
        outside = listing.outside(layout.test_folder)
        if outside:
            problems.add(f"links in {layout.test_folder}/ lead outside {layout.root}: {listed(outside)}")
        paths = tuple(listing.images(layout.test_folder))
        return Split(paths, tuple(path.removeprefix(f"{layout.test_folder}/") for path in paths)), None
    sheet = _sheet(layout.test_table, layout.root, problems)
    if sheet is None:
        return None
    split = _read_rows(sheet, listing, image_column, TEST_BASES, problems)
    return None if split is None else (split, sheet)


def _read_rows(
    sheet: Sheet, listing: Listing, image_column: str | None, bases: Sequence[str], problems: Problems
) -> Split | None:
    """The rows of a table without labels: all of them, whether their files are there or not."""
    usual = IMAGE_COLUMNS if image_column is None else (image_column, *IMAGE_COLUMNS)
    image = need_column(sheet, None, usual, "images' paths", "--image-column", problems)
    if not sheet.rows:
        problems.add(f"{sheet.name} is empty: it names columns and holds no row")
    if image is None or not sheet.rows:
        return None
    names = sheet.column(image)
    resolved = resolve(sheet, names, listing, bases, problems)
    absent = [(row, repr(names[row])) for row in resolved.absent]
    if len(absent) == len(names):
        where = listed([f"{base or '.'}/" for base in bases])
        problems.rows(sheet, "no file of the table is there", absent, f"Looked in {where}.")
    elif absent:
        problems.note(about_rows(sheet, "file is not there, the row will get the prior", absent))
    return Split(resolved.paths, names)


def _report_absent(
    sheet: Sheet, names: Sequence[str], resolved: Resolved, missing: Literal["error", "drop"], problems: Problems
) -> None:
    absent = [(row, repr(names[row])) for row in resolved.absent]
    if missing == "drop" and 0 < len(absent) < len(names):
        problems.note(about_rows(sheet, "file is not there, row dropped", absent))
    else:
        looked = (
            [f"{base or '.'}/" for base in TRAIN_BASES] if len(absent) == len(names) else [f"{resolved.base or '.'}/"]
        )
        problems.rows(sheet, "file is not there", absent, f"Looked in {listed(looked)}.")


def _first_of_each(
    sheet: Sheet, names: Sequence[str], paths: Sequence[str], labels: Sequence[str], problems: Problems
) -> list[int]:
    """Rows without those that repeat an image and its label; one image with two labels is a problem."""
    first: dict[str, int] = {}
    kept, again, torn = [], [], []
    for row, path in enumerate(paths):
        before = first.setdefault(path, row) if path else row
        if before == row:
            kept.append(row)
        elif labels[before].strip() == labels[row].strip():
            again.append((row, repr(names[row])))
        else:
            other = f"{labels[before].strip()!r} on {sheet.where(before)}"
            torn.append((row, f"{names[row]!r} is {labels[row].strip()!r}, but {other}"))
    problems.rows(sheet, "image has a second label", torn)
    if again:
        problems.note(about_rows(sheet, "image repeated with the same label, row dropped", again))
    return kept


def _note_unlisted(listing: Listing, resolved: Resolved, problems: Problems) -> None:
    unlisted = sorted(set(listing.images(resolved.base)) - set(resolved.paths), key=natural_key)
    if unlisted:
        problems.note(f"{len(unlisted):,} images in {resolved.base}/ are in no row and not used: {listed(unlisted)}")


def _check_classes(classes: Classes, folds: int | None, problems: Problems) -> None:
    if len(classes.names) < 2:
        named = listed([repr(name) for name in classes.names]) or "none"
        problems.add(f"at least two classes are needed; there is {named}")
    same = [name for name, count in Counter(classes.names).items() if count > 1]
    if same:
        problems.add(f"different classes have the same name: {listed([repr(name) for name in same])}")
    counts = np.bincount(classes.label, minlength=len(classes.names))
    least = max(folds or 1, 1)
    few = [f"{name!r} ({count})" for name, count in zip(classes.names, counts, strict=True) if count < least]
    if few:
        needed = f"the {folds} folds" if folds else "needed (1)"
        problems.add(
            f"classes with fewer images than {needed}: {listed(few)}. "
            "Add images, leave the classes out, or ask for fewer folds."
        )


def _note_shared(train: Split, test: Split, problems: Problems) -> None:
    shared = sorted(set(train.paths) & set(test.paths), key=natural_key)
    if shared:
        problems.note(f"{len(shared):,} images are training and test rows at once: {listed(shared)}")
