"""Acting on a review of labels: the same table without some drawings, or with other labels."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from sketchfit.data.table import Split, Table
from sketchfit.errors import UserError


def exclude_images(table: Table, images: Collection[str]) -> Table:
    """The table without these training images; rows after them move up.

    Args:
        images: as the table names them, or by path relative to the data root.

    Raises:
        UserError: images that are not in the training table; a class that would have none left.
    """
    rows = _rows(table, images)
    keep = np.ones(len(table.train), dtype=bool)
    keep[list(rows.values())] = False
    kept = np.flatnonzero(keep)
    empty = [table.class_names[index] for index in np.setdiff1d(table.label, table.label[kept])]
    if empty:
        raise UserError([f"class {name!r} would have no drawing left" for name in empty], "Keep some of each class.")
    return replace(
        table,
        train=Split(tuple(table.train.paths[row] for row in kept), tuple(table.train.names[row] for row in kept)),
        label=table.label[kept],
        columns={name: values[kept] for name, values in table.columns.items()},
        notes=(*table.notes, f"{len(table.train) - len(kept)} training images were excluded by a review"),
    )


def relabel_images(table: Table, labels: Mapping[str, str]) -> Table:
    """The table with other labels.

    Args:
        labels: image (as for `exclude_images`) to the name of its class, or to what the table calls the class.

    Raises:
        UserError: images that are not in the training table, labels that are no class, a class left without drawings.
    """
    rows = _rows(table, labels)
    index = {str(target): number for number, target in enumerate(table.class_targets)}
    index.update({name: number for number, name in enumerate(table.class_names)})
    unknown = [f"{image}: {label!r} is no class" for image, label in labels.items() if label not in index]
    if unknown:
        raise UserError(unknown, "Write a class's name as the training table has it.")
    label = table.label.copy()
    for image, row in rows.items():
        label[row] = index[labels[image]]
    empty = [table.class_names[number] for number in np.setdiff1d(table.label, label)]
    if empty:
        raise UserError([f"class {name!r} would have no drawing left" for name in empty], "Keep some of each class.")
    changed = int((label != table.label).sum())
    return replace(table, label=label, notes=(*table.notes, f"{changed} training labels were changed by a review"))


def _rows(table: Table, images: Collection[str]) -> dict[str, int]:
    place = {name: row for row, name in enumerate(table.train.names)}
    place.update({path: row for row, path in enumerate(table.train.paths)})
    unknown = [image for image in images if image not in place]
    if unknown:
        raise UserError(
            [f"{image} is not in the training table" for image in unknown[:20]],
            "Name images as the training table does, e.g. `apple/sketch_3.JPEG`.",
        )
    return {image: place[image] for image in images}
