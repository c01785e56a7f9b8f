"""Rows with labels, from a table or from class folders, before their classes are numbered."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from sketchfit.data.checks import TableProblems
from sketchfit.data.columns import LabelColumns, Places, one_hot_labels
from sketchfit.data.labels import BLANKS
from sketchfit.data.layouts import ClassFolder, SplitPart
from sketchfit.data.paths import Resolved
from sketchfit.data.read_settings import ClassFolders
from sketchfit.data.sheets import Sheet
from sketchfit.data.source import DataSource
from sketchfit.data.split_column import SplitColumn
from sketchfit.wording import counted, listed

_KINDS: tuple[ClassFolders, ...] = ("first", "last", "path")


@dataclass(frozen=True)
class TableColumns:
    """The columns of a training table that are read.

    Attributes:
        image: names of images.
        labels: labels.
        class_name: names of classes, if the labels are in another column.
        split: the column that names the split of each row, if there is one.
    """

    image: str
    labels: LabelColumns
    class_name: str | None = None
    split: SplitColumn | None = None

    def used(self) -> frozenset[str]:
        """Return the columns that are no further columns."""
        split = None if self.split is None else self.split.name
        named = (self.image, self.labels.label, self.class_name, split, *self.labels.one_hot)
        return frozenset(name for name in named if name is not None)


@dataclass(frozen=True)
class LabelledRows:
    """Rows with labels.

    Attributes:
        sheet: the table that they are from, or one that is made of class folders.
        names: what the table calls each image, or its path below the folder of class folders.
        resolved: the files.
        labels: label of each row.
        class_names: name of each row's class, if the table has names besides labels.
        folders: name of the folder of each image, "" if there is none.
        columns: those that are read; None for class folders.
        bases: folders that were searched.
        origin: what the rows are from, for messages.
    """

    sheet: Sheet
    names: tuple[str, ...]
    resolved: Resolved
    labels: tuple[str, ...]
    class_names: tuple[str, ...] | None
    folders: tuple[str, ...]
    columns: TableColumns | None
    bases: tuple[str, ...]
    origin: str

    def used(self) -> frozenset[str]:
        """Return the columns that are no further columns."""
        return frozenset(self.sheet.header) if self.columns is None else self.columns.used()


def rows_of_table(sheet: Sheet, columns: TableColumns, places: Places, source: DataSource) -> LabelledRows:
    """Return the rows of a table; names that are no path are problems."""
    names = sheet.column(columns.image)
    resolved = places.resolve(sheet, names, source.problems)
    label = columns.labels.label
    return LabelledRows(
        sheet=sheet,
        names=names,
        resolved=resolved,
        labels=one_hot_labels(sheet, columns.labels.one_hot) if label is None else sheet.column(label),
        class_names=None if columns.class_name is None else sheet.column(columns.class_name),
        folders=tuple(PurePosixPath(name.strip().replace("\\", "/")).parent.name for name in names),
        columns=columns,
        bases=places.bases,
        origin=f"{sheet.name} ({about_images(columns.image, resolved.base)}, {_about_labels(columns.labels)})",
    )


def rows_of_folders(part: SplitPart, source: DataSource) -> LabelledRows:
    """Return the images of class folders, folder by folder, each in natural order.

    Where they are in folders of class folders, `data.class_folders` decides, and a note names the alternatives.
    """
    kind = source.settings.class_folders
    found = [(_folders(one, path), path) for one in part.classes for path in source.listing.images(one.path)]
    _note_depth([folders for folders, _ in found], kind, source.problems)
    prefix = f"{part.folder}/" if part.folder else ""
    paths = tuple(path for _, path in found)
    labels = _without_blanks(_composed([_class_of(folders, kind) for folders, _ in found]), source.problems)
    names = tuple(path.removeprefix(prefix) for path in paths)
    sheet = _folder_sheet(part.folder or ".", names)
    return LabelledRows(
        sheet=sheet,
        names=names,
        resolved=Resolved(paths, (), part.folder or ""),
        labels=labels,
        class_names=None,
        folders=labels,
        columns=None,
        bases=(),
        origin=f"{counted(len(set(labels)), 'class folder')} in {sheet.name}",
    )


def _folders(one: ClassFolder, path: str) -> tuple[str, ...]:
    """Return the folders around an image, from its class folder on."""
    return (one.label, *path.removeprefix(f"{one.path}/").split("/")[:-1])


def _class_of(folders: tuple[str, ...], kind: ClassFolders) -> str:
    return {"first": folders[0], "last": folders[-1], "path": "/".join(folders)}[kind]


def _note_depth(folders: Sequence[tuple[str, ...]], kind: ClassFolders, problems: TableProblems) -> None:
    deep = [one for one in folders if len(one) > 1]
    if deep and 2 * len(deep) > len(folders):
        others = " or ".join(
            f"{_class_of(deep[0], other)!r} with data.class_folders={other}" for other in _KINDS if other != kind
        )
        problems.note(
            f"images are in folders of class folders, such as {'/'.join(deep[0])}/: the class of these is "
            f"{_class_of(deep[0], kind)!r} ({others})"
        )


def _composed(labels: Sequence[str]) -> tuple[str, ...]:
    """Return names of folders composed (NFC): macOS stores Hangul and accents decomposed.

    Of two folders whose names differ only by that, both stay as they are, so that they are noted as one class.
    """
    composed = {label: unicodedata.normalize("NFC", label) for label in set(labels)}
    several = {name for name, count in Counter(composed.values()).items() if count > 1}
    return tuple(label if composed[label] in several else composed[label] for label in labels)


def _without_blanks(labels: Sequence[str], problems: TableProblems) -> tuple[str, ...]:
    """Return names of folders without the blanks around them; a note names those that are one class then."""
    spellings: dict[str, list[str]] = {}
    for label in sorted(set(labels)):
        spellings.setdefault(label.strip(BLANKS), []).append(label)
    if same := [" and ".join(map(repr, names)) for names in spellings.values() if len(names) > 1]:
        problems.note(f"folders whose names differ only in blanks around them are one class: {listed(same)}")
    return tuple(label.strip(BLANKS) for label in labels)


def about_images(column: str, base: str) -> str:
    """Return which column names the images, and where they are."""
    return f"images {column!r} in {base or '.'}/"


def _about_labels(columns: LabelColumns) -> str:
    if columns.label is not None:
        return f"labels {columns.label!r}"
    return f"a column per class: {listed(map(repr, columns.one_hot), 3)}"


def _folder_sheet(folder: str, names: Sequence[str]) -> Sheet:
    """Return a table of the images in class folders, so that their labels are checked as those of a table."""
    rows = tuple((name,) for name in names)
    return Sheet(f"{folder}/", ("image_path",), rows, tuple(range(1, len(rows) + 1)), "image")
