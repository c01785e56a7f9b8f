"""Read a table with labels, and divide its rows where it has those of several splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from sketchfit.data.checks import (
    LABEL_COLUMNS,
    NAME_COLUMNS,
    TableProblems,
    find_column,
    nearest_column,
    need_column,
)
from sketchfit.data.columns import flag_columns, repeats, rival_columns
from sketchfit.data.labelled import TableColumns
from sketchfit.data.layouts import Contents, Layout, Role
from sketchfit.data.layouts.choose_tables import joined_sheet
from sketchfit.data.missing_images import report_no_image_column
from sketchfit.data.sheets import Sheet
from sketchfit.data.sheets.header import LABEL
from sketchfit.data.split_column import find_split_column, split_columns
from sketchfit.data.split_names import are_containers, role_of
from sketchfit.shell import quoted
from sketchfit.wording import listed


@dataclass(frozen=True)
class LabelledTable:
    """A table with labels, divided by splits.

    Attributes:
        sheet: all rows.
        columns: those that are read.
        rows: rows of each split, as tables.
        by: what divides the rows; "" where they are of one split.
        by_folder: whether the folders of the images divide them.
    """

    sheet: Sheet
    columns: TableColumns
    rows: Mapping[Role, Sheet]
    by: str = ""
    by_folder: bool = False


def read_labelled_table(layout: Layout, role: Role) -> LabelledTable | None:
    """Read the table of a split with its labels; None if it has none, or if there are problems."""
    found, part = layout.found, layout.parts[role]
    sheet = joined_sheet(found, part)
    sheet = None if sheet is None else _with_folders(found, sheet, role, part.tables[0])
    columns = None if sheet is None else _columns(found, sheet, role, part.tables[0])
    if sheet is None or columns is None:
        return None
    if role != "train":
        return LabelledTable(sheet, columns, {role: sheet})
    table = _divided_table(layout, sheet, columns)
    if table.by:
        found.source.problems.note(f"{sheet.name}: {table.by} divides the rows into splits")
    return table


def _with_folders(found: Contents, sheet: Sheet, role: Role, table: Path) -> Sheet:
    """Return a table of images alone with their folders as labels, if these are class folders; else as it is."""
    image = found.images(sheet, role, table)
    if image is None or found.source.settings.names.label_column or set(sheet.header) - {"", image}:
        return sheet
    resolved = found.places(role, table).resolve(sheet, sheet.column(image), TableProblems())
    folders = [PurePosixPath(path).parent.name for path in resolved.paths]
    if not repeats(folders) or are_containers(sorted(set(folders))) or any(map(role_of, set(folders))):
        return sheet
    found.source.problems.note(
        f"{sheet.name} has no column of labels: the class of each image is its folder, e.g. {folders[0]!r}"
    )
    rows = tuple((*row, folder) for row, folder in zip(sheet.rows, folders, strict=True))
    return replace(sheet, header=(*sheet.header, LABEL), rows=rows)


def _divided_table(layout: Layout, sheet: Sheet, columns: TableColumns) -> LabelledTable:
    """Divide the training table by its column of splits, else by folders if its name does not mean training."""
    found, part = layout.found, layout.parts["train"]
    if columns.split is not None:
        rows = _divided(sheet, columns.split.roles)
        _check_places(found, sheet, rows, columns.image, part.tables[0])
        return LabelledTable(sheet, columns, rows, f"the column {columns.split.name!r}")
    by_folder = [] if layout.named else _roles_by_folder(found, sheet, columns.image, part.tables[0])
    if len(set(by_folder)) > 1 and "train" in by_folder:
        return LabelledTable(sheet, columns, _divided(sheet, by_folder), "the folder of each image", by_folder=True)
    return LabelledTable(sheet, columns, {"train": sheet})


def _columns(found: Contents, sheet: Sheet, role: Role, table: Path) -> TableColumns | None:
    """Return the columns of a table; None if one is missing or there are no rows, which is a problem."""
    problems, names = found.source.problems, found.source.settings.names
    image = found.images(sheet, role, table)
    if image is None:
        report_no_image_column(sheet, names.image_column, found.places(role, table), problems)
    labels = found.labels(sheet, image)
    if labels is None:
        _report_missing_labels(sheet, names.label_column, image, problems)
    if not sheet.rows:
        problems.add(f"{sheet.name} is empty: it has column names and no row")
    if image is None or labels is None or not sheet.rows:
        return None
    if names.image_column is None and (rivals := rival_columns(sheet, image, found.places(role, table))):
        problems.note(
            f"{sheet.name}: the column {image!r} names the images; {listed(map(repr, rivals))} would name others "
            f"(--image-column {quoted(rivals[0])})"
        )
    name = find_column(sheet, NAME_COLUMNS)
    shown = name if labels.label is not None and name != labels.label else None
    columns = TableColumns(image, labels, shown)
    if role != "train":
        return columns
    if shown is not None and labels.label == "category_id" and found.sample is None:
        problems.note(
            f"{sheet.name}: classes are written as their {labels.label!r}, and {shown!r} is shown next to it; "
            f"--label-column {shown} writes that instead"
        )
    split = find_split_column(sheet, names.split_column, tuple(columns.used()), problems)
    return TableColumns(image, labels, shown, split)


def _report_missing_labels(sheet: Sheet, given: str | None, image: str | None, problems: TableProblems) -> None:
    splits = {column.name for column in split_columns(sheet)}
    others = [name for name in sheet.header if name and name != image and name not in splits]
    repeating = [name for name in others if repeats(sheet.column(name))]
    if given is None and image is not None and not set(sheet.header) - {"", image}:
        problems.add(
            f"{sheet.name} has no column of labels: {image!r} is its only column, and the images are not in class "
            "folders. Write the class of each image into a column 'label'."
        )
    elif given is None and len(flags := flag_columns(sheet, others)) > 2:
        problems.add(
            f"{sheet.name}: the columns {listed(map(repr, flags))} look like one column per class, but there are rows "
            "that mark none of them or several. Mark one class per row, or name a column of labels with --label-column."
        )
    elif given is None and len(repeating) > 1 and nearest_column(sheet, LABEL_COLUMNS[0]) is None:
        problems.add(
            f"{sheet.name}: no column with a usual name for the labels; it could be {listed(map(repr, repeating))}. "
            "Name it with --label-column."
        )
    else:
        need_column(sheet, given, LABEL_COLUMNS, "labels", "--label-column", problems)


def _divided(sheet: Sheet, roles: Sequence[Role]) -> dict[Role, Sheet]:
    return {role: sheet.take([row for row, one in enumerate(roles) if one == role]) for role in dict.fromkeys(roles)}


def _check_places(found: Contents, sheet: Sheet, rows: Mapping[Role, Sheet], image: str, table: Path) -> None:
    """Report rows whose image is in the folder of their split and, under the same name, in that of training rows."""
    if len(set(sheet.column(image))) < len(sheet.rows):
        return  # a name may mean one image in each folder
    for role, part in rows.items():
        names = part.column(image)
        one, other = (found.places(each, table).resolve(part, names, TableProblems()) for each in (role, "train"))
        both = sorted(set(range(len(names))) - {*one.absent, *other.absent})
        found.source.problems.rows(
            part,
            f"images of the {role} rows may be in two folders",
            [(row, f"{one.paths[row]} or {other.paths[row]}") for row in both if one.paths[row] != other.paths[row]],
            f"Write their folders into the column {image!r}.",
        )


def _roles_by_folder(found: Contents, sheet: Sheet, image: str, table: Path) -> list[Role]:
    """Return the split of each row by the folder of its image; rows elsewhere are training rows."""
    resolved = found.places_anywhere(table).resolve(sheet, sheet.column(image), TableProblems())
    folders = [(f"{folder}/", role) for role, names in found.splits.items() for folder in names]
    return [next((role for folder, role in folders if path.startswith(folder)), "train") for path in resolved.paths]
