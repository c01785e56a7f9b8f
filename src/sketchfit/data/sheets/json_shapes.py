"""Recognise the shape of a table in JSON.

The shapes of pandas (records, list, dict, index, split, table), a path to its label, a class to its paths, and the
format of COCO (images, annotations, categories), which competitions use for whole-image labels too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeGuard

from sketchfit.data.images import is_image_name
from sketchfit.data.sheets.header import IMAGE, LABEL
from sketchfit.wording import listed

Record = dict[str, Any]


class NoTableError(Exception):
    """A value that is no table; the message is the end of a sentence that begins with the name of its file."""


def records_of(value: Any) -> Sequence[Record]:
    """Return the rows of a table: column to value.

    Raises:
        NoTableError: another shape.
    """
    if _are_records(value):
        return value
    if isinstance(value, dict) and value:
        for shape in (_coco, _split, _within, _by_path, _columns, _by_class, _nested):
            records = shape(value)
            if records is not None:
                return records
    found = f"an object with {listed(map(repr, value), 5) or 'nothing'}" if isinstance(value, dict) else "other values"
    raise NoTableError(f"is JSON, but not a table: expected a list of objects with columns, found {found}")


def _are_records(value: Any) -> TypeGuard[list[Record]]:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _coco(value: Record) -> list[Record] | None:
    images, labels, categories = (value.get(key) for key in ("images", "annotations", "categories"))
    if not _are_records(images) or not all("file_name" in image for image in images):
        return None
    if not _are_records(labels):
        return images
    of_image: dict[str, list[Any]] = {}
    for one in labels:
        of_image.setdefault(str(one.get("image_id")), []).append(one.get("category_id"))
    names = {str(one.get("id")): one.get("name") for one in categories} if _are_records(categories) else {}
    return [
        {**image, "category_id": label, **({"category_name": names.get(str(label))} if names else {})}
        for image in images
        for label in of_image.get(str(image.get("id")), [None])
    ]


def _split(value: Record) -> list[Record] | None:
    """Read `{"columns": ["a", "b"], "data": [[1, 2], [3, 4]]}`."""
    columns, rows = value.get("columns"), value.get("data")
    if not isinstance(columns, list) or not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return None
    wrong = [f"row {number} has {len(row)}" for number, row in enumerate(rows, start=1) if len(row) != len(columns)]
    if wrong:
        raise NoTableError(f"has {len(columns)} columns, but rows have more or fewer values: {listed(wrong)}")
    return [dict(zip(map(str, columns), row, strict=True)) for row in rows]


def _within(value: Record) -> list[Record] | None:
    """Read `{"data": [{"a": 1}, {"a": 2}]}` with anything else that is no list of objects."""
    tables = [one for one in value.values() if _are_records(one)]
    return tables[0] if len(tables) == 1 else None


def _by_path(value: Record) -> list[Record] | None:
    """Read `{"a.png": "cat", "b.png": "dog"}`."""
    if not _are_images(value) or any(isinstance(one, (dict, list)) for one in value.values()):
        return None
    return [{IMAGE: path, LABEL: label} for path, label in value.items()]


def _by_class(value: Record) -> list[Record] | None:
    """Read `{"cat": ["a.png", "b.png"], "dog": ["c.png"]}`, also without suffixes: `{"cat": ["cat/a", "cat/b"]}`."""
    if not all(isinstance(one, list) and _are_paths(one) for one in value.values()):
        return None
    return [{IMAGE: path, LABEL: label} for label, paths in value.items() for path in paths]


def _columns(value: Record) -> list[Record] | None:
    """Read `{"image": ["a.png", "b.png"], "label": ["cat", "dog"]}`."""
    lists = list(value.values())
    if not all(isinstance(one, list) for one in lists) or len({len(one) for one in lists}) != 1:
        return None
    if len(lists) > 1 and all(_are_paths(one) for one in lists):
        return None  # classes with the same number of images
    return [dict(zip(value, row, strict=True)) for row in zip(*lists, strict=True)]


def _nested(value: Record) -> list[Record] | None:
    """Read objects of objects: of columns, or of rows if the outer keys are numbers, images, or more than the inner."""
    if not value or not all(isinstance(one, dict) for one in value.values()):
        return None
    inner = list(dict.fromkeys(key for one in value.values() for key in one))
    by_row = _are_images(value) or (not _are_images(inner) and (_rank(value), len(value)) > (_rank(inner), len(inner)))
    rows = value if by_row else {key: {column: one.get(key) for column, one in value.items()} for key in inner}
    return [{**({IMAGE: key} if _are_images(rows) else {}), **row} for key, row in rows.items()]


def _rank(keys: Iterable[str]) -> bool:
    return all(key.isdecimal() for key in keys)


def _are_images(keys: Iterable[Any]) -> bool:
    keys = list(keys)
    return bool(keys) and all(isinstance(key, str) and is_image_name(key) for key in keys)


def _are_paths(cells: Iterable[Any]) -> bool:
    """Return whether values are images by their suffix, or paths with a folder."""
    cells = list(cells)
    return bool(cells) and all(
        isinstance(cell, str) and (is_image_name(cell) or ("/" in cell and "://" not in cell)) for cell in cells
    )
