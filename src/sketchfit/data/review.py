"""Reviewed labels: `--exclude FILE` and `--relabel FILE` change the training table before anything is trained.

Each file is a CSV with the column `image_path`. In the report's `label_issues.csv` the column `decision` has the
decision: `exclude`, or the name of a class. One file can be used for both options. Without that column every image of
an `--exclude` file is excluded, and a `--relabel` file has the class in `label`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sketchfit.config.data import DataSection
from sketchfit.data.label_forms import forms_of
from sketchfit.data.sheets import Sheet, open_sheet
from sketchfit.data.table import Split, Table
from sketchfit.errors import DataError, not_a_file
from sketchfit.visible import cell
from sketchfit.wording import counted, listed

EXCLUDE = "exclude"
ONE_CLASS = "Write one class for each image."
_AMBIGUOUS = -1


def review_table(table: Table, section: DataSection) -> Table:
    """Apply the recipe's review files to the table; labels change first.

    Raises:
        UserError: a class that is left without drawings; a file that is missing or has other columns, images or
            classes that are not in the table, or an image with two decisions.
    """
    if section.relabel is not None and (labels := read_relabel(Path(section.relabel))):
        table = relabel_images(table, labels)
    if section.exclude is not None:
        _check_decisions(Path(section.exclude), table)
        if images := read_exclude(Path(section.exclude)):
            table = exclude_images(table, images)
    return table


def read_exclude(path: Path) -> list[str]:
    """Return the images to exclude, in the file's order."""
    sheet = _read(path)
    images = sheet.column("image_path")
    if "decision" in sheet.header:
        decisions = sheet.column("decision")
        images = tuple(image for image, one in zip(images, decisions, strict=True) if one.strip().lower() == EXCLUDE)
    return list(dict.fromkeys(images))


def read_relabel(path: Path) -> dict[str, str]:
    """Return the name of the new class by image."""
    sheet = _read(path)
    column = "decision" if "decision" in sheet.header else "label"
    if column not in sheet.header:
        raise DataError(f"{path} has no column 'label'", "Write each image's class there.")
    cells = zip(sheet.column("image_path"), map(str.strip, sheet.column(column)), strict=True)
    labels: dict[str, str] = {}
    for row, (image, label) in enumerate(cells):
        if label and label.lower() != EXCLUDE and labels.setdefault(image, label) != label:
            raise DataError(
                f"{path}, {sheet.where(row)}: {image!r} is {label!r}, but {labels[image]!r} above",
                ONE_CLASS,
            )
    return labels


def earlier_decisions(section: DataSection, labels: Sequence[str], names: Sequence[str]) -> dict[str, int | None]:
    """Return the decisions of the recipe's review files: image, as they name it, to a class index; None to exclude.

    Args:
        section: of the recipe.
        labels, names: of the C classes, as in `Table`.

    Raises:
        UserError: a file is missing, or has no column of images or classes.
    """
    index = _class_index(labels, names)
    found = read_relabel(Path(section.relabel)) if section.relabel is not None else {}
    excluded = read_exclude(Path(section.exclude)) if section.exclude is not None else []
    classes = {image: index[label] for image, label in found.items() if index.get(label, _AMBIGUOUS) != _AMBIGUOUS}
    return {**classes, **dict.fromkeys(excluded)}


def decision_texts(labels: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return C texts that mean each class in the column `decision`: its name if possible, else another form of it.

    The text of a class is empty where no form of it means this class only, such as that of a class named `exclude`.

    Args:
        labels, names: of the C classes, as in `Table`.

    Examples:
        >>> decision_texts(["0", "1", "2"], ["apple", "exclude", "=sum"])
        ('apple', '1', "'=sum")
    """
    index = _class_index(labels, names)
    forms = [names, labels, *forms_of(tuple(labels), tuple(names))]

    def means(text: str, number: int) -> bool:
        return text == text.strip() != "" and text.lower() != EXCLUDE and index.get(text) == number

    candidates = ([str(cell(form[number])) for form in forms] for number in range(len(names)))
    return tuple(next((text for text in texts if means(text, number)), "") for number, texts in enumerate(candidates))


def image_texts(paths: Sequence[str]) -> dict[str, str]:
    """Return what to write in `image_path` for each path that is not written as it is."""
    taken = set(paths)
    texts = ((path, str(cell(path))) for path in paths)
    return {path: text for path, text in texts if text != path and text not in taken}


def exclude_images(table: Table, images: Collection[str]) -> Table:
    """Return the table without these training images.

    Args:
        images: names as in the table, or paths relative to the data root.

    Raises:
        UserError: images that are not in the training table; a class that would have none left.
    """
    rows = _rows(table, images)
    keep = np.ones(len(table.train), dtype=bool)
    keep[list(rows.values())] = False
    kept = np.flatnonzero(keep)
    empty = [table.class_names[index] for index in np.setdiff1d(table.label, table.label[kept])]
    if empty:
        raise DataError([f"class {name!r} would have no drawing left" for name in empty], "Keep some of each class.")
    excluded = counted(len(table.train) - len(kept), "training image was", "training images were")
    return replace(
        table,
        train=Split(tuple(table.train.paths[row] for row in kept), tuple(table.train.names[row] for row in kept)),
        label=table.label[kept],
        columns={name: values[kept] for name, values in table.columns.items()},
        notes=(*table.notes, f"{excluded} excluded by a review"),
    )


def relabel_images(table: Table, labels: Mapping[str, str]) -> Table:
    """Return the table with other labels.

    Args:
        labels: image (as for `exclude_images`) to the name of its class, or to its label in the table.

    Raises:
        UserError: images that are not in the training table, labels that are no class, a class left without drawings.
    """
    rows = _rows(table, labels)
    index = _class_index(table.class_labels, table.class_names)
    unknown = [f"{image}: {label!r} is not a class" for image, label in labels.items() if label not in index]
    double = [
        f"{image}: {label!r} is the label of one class and the name of another"
        for image, label in labels.items()
        if index.get(label) == _AMBIGUOUS
    ]
    if unknown or double:
        raise DataError(unknown + double, "Write a class's label or name as the training table has it.")
    spellings: dict[int, str] = {}
    for image, row in rows.items():
        if index[labels[image]] != index[labels[spellings.setdefault(row, image)]]:
            first = spellings[row]
            raise DataError(
                f"{image} is {labels[image]!r}, but {first}, the same image, is {labels[first]!r}", ONE_CLASS
            )
    label = table.label.copy()
    for image, row in rows.items():
        label[row] = index[labels[image]]
    empty = [table.class_names[number] for number in np.setdiff1d(table.label, label)]
    if empty:
        raise DataError([f"class {name!r} would have no drawing left" for name in empty], "Keep some of each class.")
    changed = int((label != table.label).sum())
    return replace(
        table,
        label=label,
        notes=(*table.notes, f"{counted(changed, 'training label was', 'training labels were')} changed by a review"),
    )


def _check_decisions(path: Path, table: Table) -> None:
    """Report decisions that are neither `exclude` nor a class, such as misspelt ones."""
    sheet = _read(path)
    cells = sheet.column("decision") if "decision" in sheet.header else ()
    known = {"", EXCLUDE, *_class_index(table.class_labels, table.class_names)}
    unknown = [
        f"{path}, {sheet.where(row)}: {cell!r} is no decision"
        for row, cell in enumerate(map(str.strip, cells))
        if cell not in known and cell.lower() != EXCLUDE
    ]
    if unknown:
        raise DataError(unknown[:20], f"Write {EXCLUDE!r}, the name of a class, or nothing.")


def _class_index(labels: Sequence[str], names: Sequence[str]) -> dict[str, int]:
    """Return the class of each text that labels or names it, in any form; `_AMBIGUOUS` if these are two classes."""
    index: dict[str, int] = {}
    for number, texts in enumerate(zip(labels, names, strict=True)):
        for text in texts:
            index[text] = number if index.get(text, number) == number else _AMBIGUOUS
    for form in forms_of(tuple(labels), tuple(names)):
        for number, text in enumerate(form):
            index.setdefault(text, number)
    for text in list(index):
        index.setdefault(str(cell(text)), index[text])
    return index


def _rows(table: Table, images: Collection[str]) -> dict[str, int]:
    """Return the row of each image: by its path, else by its name in the table, which only one image may have."""
    places: dict[str, list[int]] = {}
    for row, name in enumerate(table.train.names):
        places.setdefault(name, []).append(row)
    places.update({path: [row] for row, path in enumerate(table.train.paths)})
    for name in list(places):  # as the report's label_issues.csv has it
        places.setdefault(str(cell(name)), places[name])
    unknown = [f"{image} is not in the training table" for image in images if image not in places]
    if unknown:
        raise DataError(unknown[:20], "Name images as the training table does, e.g. `apple/sketch_3.JPEG`.")
    several = [(image, [table.train.paths[row] for row in places[image]]) for image in images if places[image][1:]]
    if several:
        raise DataError(
            [f"{image} may mean {' or '.join(paths)}" for image, paths in several[:20]],
            f"Name images by their paths in the data folder, e.g. `{several[0][1][0]}`.",
        )
    return {image: places[image][0] for image in images}


def _read(path: Path) -> Sheet:
    if not path.is_file():
        raise DataError(not_a_file(path), "Give the reviewed label_issues.csv of a report.")
    sheet = open_sheet(path)
    if "image_path" not in sheet.header:
        raise DataError(f"{path} has no column 'image_path'; its columns are {listed(sheet.header)}")
    return sheet
