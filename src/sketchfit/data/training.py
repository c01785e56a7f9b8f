"""Read the training rows of a data set, those of a validation split included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sketchfit.data.checks import TableProblems, about_rows
from sketchfit.data.labelled import LabelledRows, rows_of_folders, rows_of_table
from sketchfit.data.labels import Classes, read_classes
from sketchfit.data.layouts import Layout, Role
from sketchfit.data.layouts.folders import archives
from sketchfit.data.read_settings import NONE, Missing
from sketchfit.data.sample_labels import KnownClasses
from sketchfit.data.sheets import Sheet
from sketchfit.data.sheets.appended import append_sheets
from sketchfit.data.table import Split
from sketchfit.data.training_table import LabelledTable, read_labelled_table
from sketchfit.wording import counted, listed

GIVEN_FOLD = "given_fold"
"""Column of the fold that a validation split makes: its rows are in fold 0, the others (-1) are never validated."""


@dataclass(frozen=True)
class Training:
    """The training rows: their images, classes and further columns.

    Attributes:
        split: all rows; those of a validation split are last.
        classes: their labels.
        columns: further columns of their tables.
        known: the classes, as the sample submission may write them.
        lines: what the rows of each split are from, and how many there are.
    """

    split: Split
    classes: Classes
    columns: dict[str, np.ndarray[Any, Any]]
    known: KnownClasses
    lines: tuple[str, ...]


def read_training(layout: Layout, table: LabelledTable | None) -> Training | None:
    """Read the training and validation rows; None if there are problems.

    Args:
        layout: the parts of the data set.
        table: the training table, if there is one and it could be read.
    """
    train = _rows(layout, "train", table)
    if train is None:
        return None
    valid = _rows(layout, "valid", table)
    parts = [train] if valid is None else [train, valid]
    source = layout.found.source
    for rows in parts:
        _report_absent(rows, source.settings.missing, archives(source.listing, layout.found.top), source.problems)
    return _numbered(parts, layout)


def _rows(layout: Layout, role: Role, table: LabelledTable | None) -> LabelledRows | None:
    """Return the rows of a split; None if there are none, or if there are problems."""
    found, part = layout.found, layout.parts.get(role)
    if role == "valid" and found.source.settings.names.valid == NONE:
        return None
    if table is not None and role in table.rows and (role == "train" or part is None or not part.tables):
        path = layout.parts["train"].tables[0]
        return rows_of_table(table.rows[role], table.columns, found.places(role, path), found.source)
    if part is None:
        return None
    if part.classes:
        return _class_folders(layout, role)
    if not part.tables:
        _report_no_labels(layout, role)
        return None
    if role == "train":
        return None  # its table has problems
    own = read_labelled_table(layout, role)
    if own is None:
        return None
    return rows_of_table(own.sheet, own.columns, found.places(role, part.tables[0]), found.source)


def _class_folders(layout: Layout, role: Role) -> LabelledRows:
    source, part = layout.found.source, layout.parts[role]
    folder = part.folder or ""
    used = {one.path for other in layout.parts.values() for one in other.classes}
    used |= {other.folder for other in layout.parts.values() if other.folder is not None}
    prefix = f"{folder}/" if folder else ""
    names = [name for name in source.listing.folders(folder) if not layout.found.folders.count(prefix + name)]
    if empty := [name for name in names if prefix + name not in used]:
        source.problems.note(f"folders without images are not classes: {listed(empty)}")
    return rows_of_folders(part, source)


def _report_no_labels(layout: Layout, role: Role) -> None:
    """Report a folder that is named like a split with labels, and has none; a training table may have them."""
    folder = layout.parts[role].folder
    if role == "train" or not layout.parts["train"].tables:
        layout.found.source.problems.add(
            f"{folder}/ has images without labels: no folder per class, and no table names them. "
            f"If they are test images, set data.test={folder}; if they are not used, set data.{role}=none."
        )


def _numbered(parts: Sequence[LabelledRows], layout: Layout) -> Training | None:
    """Number the classes of all rows, and leave out rows that are missing or repeated; None if there are problems."""
    problems, settings = layout.found.source.problems, layout.found.source.settings
    sheet = append_sheets([rows.sheet for rows in parts])
    cells = [label for rows in parts for label in rows.labels]
    folders = [folder for rows in parts for folder in rows.folders]
    classes = read_classes(sheet, cells, _class_names(parts), folders, problems, settings.labels)
    labels = [classes.labels[k] for k in classes.label] if classes else [cell.strip() for cell in cells]
    names = [name for rows in parts for name in rows.names]
    paths = [path for rows in parts for path in rows.resolved.paths]
    places = [layout.found.source.listing.place(path) for path in paths]
    kept = _first_of_each(sheet, names, places, labels, problems)
    if classes is None:
        return None
    _compare_classes(parts, labels, problems)
    starts = np.cumsum([0, *(len(rows.names) for rows in parts)])
    absent = {start + row for start, rows in zip(starts, parts, strict=False) for row in rows.resolved.absent}
    kept = [row for row in kept if row not in absent]
    used = frozenset().union(*(rows.used() for rows in parts))
    columns = {
        name: np.array(sheet.column(name), dtype=np.str_)[kept] for name in sheet.header if name and name not in used
    }
    valid = int(sum(row >= starts[1] for row in kept))
    if len(parts) > 1:
        columns[GIVEN_FOLD] = np.array(["0" if row >= starts[1] else "-1" for row in kept], dtype=np.str_)
        _note_validation(valid, parts[1], problems)
    return Training(
        split=Split(tuple(paths[row] for row in kept), tuple(names[row] for row in kept)),
        classes=replace(classes, label=classes.label[kept]),
        columns=columns,
        known=_known(classes, parts[0]),
        lines=_lines(parts, (len(kept) - valid, valid)),
    )


def _compare_classes(parts: Sequence[LabelledRows], labels: Sequence[str], problems: TableProblems) -> None:
    """Note classes that only the validation split has; if it has no others, its labels mean something else."""
    count = len(parts[0].labels)
    trained, validated = set(labels[:count]), set(labels[count:])
    if not (only := sorted(validated - trained)):
        return
    if not validated & trained:
        problems.add(
            f"no label of the validation split ({parts[1].sheet.name}: {listed(map(repr, only))}) is one of the "
            f"training rows ({parts[0].sheet.name}: {listed(map(repr, sorted(trained)))}). Write the same labels, or "
            "set data.valid=none."
        )
    else:
        problems.note(f"only the validation split ({parts[1].sheet.name}) has the classes {listed(map(repr, only))}")


def _known(classes: Classes, rows: LabelledRows) -> KnownClasses:
    if rows.columns is None:
        return KnownClasses(classes, "the class folders")
    return KnownClasses(classes, rows.sheet.name, rows.columns.labels.label, rows.columns.class_name)


def _lines(parts: Sequence[LabelledRows], counts: Sequence[int]) -> tuple[str, ...]:
    splits = zip(("training", "validation"), parts, counts, strict=False)
    return tuple(f"{name}: {rows.origin}: {counted(count, 'row')}" for name, rows, count in splits)


def _class_names(parts: Sequence[LabelledRows]) -> list[str] | None:
    """Return the name of each row's class; None if no part has names. A part without names takes those of the other."""
    named = {
        label.strip(): name
        for rows in parts
        if rows.class_names is not None
        for label, name in zip(rows.labels, rows.class_names, strict=True)
    }
    if not named:
        return None
    return [
        name
        for rows in parts
        for name in rows.class_names or [named.get(label.strip(), label) for label in rows.labels]
    ]


def _note_validation(count: int, rows: LabelledRows, problems: TableProblems) -> None:
    problems.note(
        f"the {counted(count, 'row')} of the validation split ({rows.sheet.name}) are training rows in the folds; with "
        f"folds.column={GIVEN_FOLD} they alone are validated, and with data.valid=none they are left out"
    )


def _report_absent(rows: LabelledRows, missing: Missing, packed: Sequence[str], problems: TableProblems) -> None:
    absent = [(row, repr(rows.names[row])) for row in rows.resolved.absent]
    if missing == "drop" and 0 < len(absent) < len(rows.names):
        problems.note(about_rows(rows.sheet, "file does not exist, row dropped", absent))
        return
    every = len(absent) == len(rows.names)
    where = listed([f"{base or '.'}/" for base in (rows.bases if every else (rows.resolved.base,))])
    unpack = f" Unpack {listed(packed)} first." if packed and every else ""
    other = " Paths relative to another folder: give that folder as the data, and the table with data.train."
    problems.rows(
        rows.sheet, "file does not exist", absent, f"Searched in {where}.{unpack or (other if every else '')}"
    )


def _first_of_each(
    sheet: Sheet, names: Sequence[str], places: Sequence[str], labels: Sequence[str], problems: TableProblems
) -> list[int]:
    """Return the rows without those that repeat an image and its label; one image with two labels is a problem."""
    first: dict[str, int] = {}
    kept, repeated, contradictory = [], [], []
    for row, place in enumerate(places):
        before = first.setdefault(place, row) if place else row
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
