"""Read a data set's tables and folders into a checked `Table`."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
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
from sketchfit.data.layouts import LAYOUTS, Layout, class_folders, find_layout
from sketchfit.data.listing import Listing, natural_key
from sketchfit.data.paths import Resolved, resolve
from sketchfit.data.read_settings import Missing, ReadSettings
from sketchfit.data.sample import read_sample
from sketchfit.data.table import Split, Submission, Table
from sketchfit.data.text_tables import TABLE_SUFFIXES, Sheet, TableError, read_sheet
from sketchfit.errors import UserError
from sketchfit.wording import listed

TRAIN_BASES = ("train", "", "images", "train_images")
TEST_BASES = ("test", "", "images", "test_images")
"""Folders that a table's paths may be relative to. The first that holds most of the files is used for all rows."""


@dataclass(frozen=True)
class Training:
    """The training rows: their images, classes and further columns."""

    split: Split
    classes: Classes
    columns: dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Testing:
    """The test rows, and their table if they have one."""

    split: Split
    sheet: Sheet | None


@dataclass(frozen=True)
class _Source:
    """A data set that is being read: where its parts are, and what is wrong with them so far."""

    layout: Layout
    listing: Listing
    settings: ReadSettings
    problems: TableProblems = field(default_factory=TableProblems)

    def sheet(self, path: Path | None) -> Sheet | None:
        return None if path is None else read_checked_sheet(path, self.layout.root, self.problems)


def read_table(data: Path, settings: ReadSettings | None = None) -> Table:
    """Read and check all tables of a data set.

    `layouts` describes what is recognised, `labels` how classes are numbered. Rows keep their order. A test row is
    never dropped: one whose file is missing keeps its place and path, with a note (if all test files are missing, that
    is an error). Of training rows with the same image and label the first is kept, with a note.

    Args:
        data: a folder, or the path of a CSV, TSV or Parquet table.
        settings: how it is read; by default everything is recognised.

    Raises:
        UserError: all problems together.
    """
    source = _find(Path(data), settings or ReadSettings())
    training = _read_train(source)
    testing = _read_test(source)
    submission = _read_submission(source, testing)
    _check(training, testing, source.settings.folds, source.problems)
    source.problems.stop()
    assert training is not None  # otherwise there was a problem
    assert testing is not None
    return Table(
        root=source.layout.root,
        train=training.split,
        test=testing.split,
        label=training.classes.label,
        class_names=training.classes.names,
        class_labels=training.classes.labels,
        submission=submission,
        columns=training.columns,
        notes=tuple(source.problems.notes),
        test_columns=_test_columns(testing.sheet, source),
    )


def check_unicode(names: Sequence[str], problems: TableProblems) -> None:
    """Report file names in another encoding than UTF-8: no table could contain them."""
    for name in names:
        if not name.isascii() and name.encode("utf-8", "surrogateescape") != name.encode("utf-8", "replace"):
            shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            problems.add(f"{shown}: the file's name is not UTF-8; rename it")


def read_checked_sheet(path: Path, root: Path, problems: TableProblems) -> Sheet | None:
    """Read a table; None if it cannot be read, which is a problem. Messages name its path relative to `root`."""
    try:
        sheet = read_sheet(path, path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path))
    except TableError as error:
        problems.add(*error.args)
        return None
    if sheet.guessed:
        problems.note(f"{sheet.name} is not UTF-8; it was read as {sheet.encoding}")
    return sheet


def read_rows(
    sheet: Sheet, listing: Listing, image_column: str | None, bases: Sequence[str], problems: TableProblems
) -> Split | None:
    """Read the rows of a table without labels, including those whose file is missing.

    Args:
        sheet: the table.
        listing: content of the folder that its paths stay in.
        image_column: name of the column of paths, if it is not a usual one.
        bases: folders that the paths may be relative to.
        problems: receives what is wrong.

    Returns:
        None if there are problems.
    """
    usual = IMAGE_COLUMNS if image_column is None else (image_column, *IMAGE_COLUMNS)
    image = need_column(sheet, None, usual, "image paths", "--image-column", problems)
    if not sheet.rows:
        problems.add(f"{sheet.name} is empty: it has column names and no row")
    if image is None or not sheet.rows:
        return None
    names = sheet.column(image)
    resolved = resolve(sheet, names, listing, bases, problems)
    absent = [(row, repr(names[row])) for row in resolved.absent]
    if len(absent) == len(names):
        where = listed([f"{base or '.'}/" for base in bases])
        problems.rows(sheet, "no file of the table exists", absent, f"Searched in {where}.")
    elif absent:
        problems.note(about_rows(sheet, "file does not exist; the class frequencies will be predicted", absent))
    return Split(resolved.paths, names)


def _find(data: Path, settings: ReadSettings) -> _Source:
    if not data.exists():
        raise UserError(f"{data} does not exist", LAYOUTS)
    if data.is_file() and not data.name.lower().endswith(TABLE_SUFFIXES):
        raise UserError(f"{data} is neither a folder nor a table ({', '.join(TABLE_SUFFIXES)})", LAYOUTS)
    listing = Listing(data if data.is_dir() else data.parent)
    return _Source(find_layout(data, listing, settings.names), listing, settings)


def _read_train(source: _Source) -> Training | None:
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
    classes = read_classes(sheet, sheet.column(label), class_names, folders, problems)
    _report_absent(sheet, names, resolved, source.settings.missing, problems)
    kept = _first_of_each(sheet, names, resolved.paths, sheet.column(label), problems)
    if classes is None:
        return None
    absent = set(resolved.absent)
    kept = [row for row in kept if row not in absent]
    if resolved.base:
        _note_unlisted(source.listing, resolved, problems)
    others = [column for column in sheet.header if column and column not in (image, label, name_column)]
    return Training(
        split=Split(tuple(resolved.paths[row] for row in kept), tuple(names[row] for row in kept)),
        classes=replace(classes, label=classes.label[kept]),
        columns={column: np.array(sheet.column(column), dtype=np.str_)[kept] for column in others},
    )


def _train_columns(sheet: Sheet, source: _Source) -> tuple[str | None, str | None, str | None]:
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


def _read_class_folders(folder: str, source: _Source) -> Training:
    listing, layout, problems = source.listing, source.layout, source.problems
    names = class_folders(listing, folder, layout.test_folder)
    prefix = f"{folder}/" if folder else ""
    images = [listing.images(prefix + name) for name in names]
    outside = listing.outside(folder)
    if outside:
        problems.add(f"links in the training folders lead outside {layout.root}: {listed(outside)}")
    empty = [name for name in listing.folders(folder) if name not in names and prefix + name != layout.test_folder]
    if empty:
        problems.note(f"folders without images are not classes: {listed(empty)}")
    paths = tuple(path for of_class in images for path in of_class)
    label = np.repeat(np.arange(len(names), dtype=np.int64), [len(of_class) for of_class in images])
    split = Split(paths, tuple(path.removeprefix(prefix) for path in paths))
    # macOS stores Hangul and accents decomposed; names that are shown and written are composed.
    composed = tuple(unicodedata.normalize("NFC", name) for name in names)
    return Training(split, Classes(label, composed, composed), {})


def _read_test(source: _Source) -> Testing | None:
    """Read the test rows; None if there are problems."""
    layout, listing = source.layout, source.listing
    if layout.test_table is None:
        if layout.test_folder is None:
            return Testing(Split((), ()), None)
        outside = listing.outside(layout.test_folder)
        if outside:
            source.problems.add(f"links in {layout.test_folder}/ lead outside {layout.root}: {listed(outside)}")
        paths = tuple(listing.images(layout.test_folder))
        return Testing(Split(paths, tuple(path.removeprefix(f"{layout.test_folder}/") for path in paths)), None)
    sheet = source.sheet(layout.test_table)
    if sheet is None:
        return None
    split = read_rows(sheet, listing, source.settings.names.image_column, TEST_BASES, source.problems)
    return None if split is None else Testing(split, sheet)


def _test_columns(sheet: Sheet | None, source: _Source) -> dict[str, np.ndarray[Any, Any]]:
    """Return the columns of the test table other than that of the images."""
    if sheet is None:
        return {}
    image = find_column(sheet, (source.settings.names.image_column or IMAGE_COLUMNS[0], *IMAGE_COLUMNS))
    names = [column for column in sheet.header if column and column != image]
    return {column: np.array(sheet.column(column), dtype=np.str_) for column in names}


def _read_submission(source: _Source, testing: Testing | None) -> Submission | None:
    sheet = source.sheet(source.layout.sample)
    if sheet is None or testing is None:
        return None
    return read_sample(sheet, testing.split, testing.sheet, source.settings.names.image_column, source.problems)


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
        elif labels[before].strip() == labels[row].strip():
            repeated.append((row, repr(names[row])))
        else:
            other = f"{labels[before].strip()!r} on {sheet.where(before)}"
            contradictory.append((row, f"{names[row]!r} is {labels[row].strip()!r}, but {other}"))
    problems.rows(sheet, "image has a second label", contradictory)
    if repeated:
        problems.note(about_rows(sheet, "image repeated with the same label, row dropped", repeated))
    return kept


def _note_unlisted(listing: Listing, resolved: Resolved, problems: TableProblems) -> None:
    unlisted = sorted(set(listing.images(resolved.base)) - set(resolved.paths), key=natural_key)
    if unlisted:
        problems.note(f"{len(unlisted):,} images in {resolved.base}/ are in no row and not used: {listed(unlisted)}")


def _check(training: Training | None, testing: Testing | None, folds: int | None, problems: TableProblems) -> None:
    if training:
        _check_classes(training.classes, folds, problems)
    if training and testing:
        _note_shared(training.split, testing.split, problems)
        check_unicode([*training.split.paths, *training.classes.names, *testing.split.paths], problems)


def _check_classes(classes: Classes, folds: int | None, problems: TableProblems) -> None:
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
            "Add images, leave the classes out, or use fewer folds."
        )


def _note_shared(train: Split, test: Split, problems: TableProblems) -> None:
    shared = sorted(set(train.paths) & set(test.paths), key=natural_key)
    if shared:
        problems.note(f"{len(shared):,} images are both training and test rows: {listed(shared)}")
