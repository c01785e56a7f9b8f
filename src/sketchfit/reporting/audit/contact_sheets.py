"""Contact sheets: the training images of a class, tiled into one image file."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from sketchfit.auditing.audit import Audit
from sketchfit.config.audit import AuditSection
from sketchfit.processors import cores
from sketchfit.reporting.kit.thumbnails import data_uri, from_jpeg, most_tiled, square, tiled, webp

COLUMNS = 10

MOST_BYTES = 12_000_000
"""Bytes of all sheets in the page; of more, only some classes have one."""

CLASS_BYTES, IMAGE_BYTES = 300, 110
"""Of the page for a class and for each of its images, in addition to the picture and twice the path."""


T = TypeVar("T")


@dataclass(frozen=True)
class ContactSheet:
    """A contact sheet.

    Attributes:
        uri: `data:` address of one image file, with rows of at most `COLUMNS` cells; empty without pictures.
        rows: the image in each cell.
        omitted: number of readable images that are left out.
    """

    uri: str
    rows: tuple[int, ...]
    omitted: int

    @property
    def columns(self) -> int:
        """Cells in a row."""
        return min(COLUMNS, len(self.rows))


@dataclass(frozen=True)
class ClassSheet:
    """A class, its number of training images, and its contact sheet."""

    name: str
    count: int
    sheet: ContactSheet


def class_sheets(audit: Audit, section: AuditSection, threads: int | None = None) -> list[ClassSheet]:
    """Make a contact sheet per class, by name; none where `section.page_images` is 0.

    Of more classes than images, and of more than `MOST_BYTES`, sheets of evenly spaced classes are returned.

    Args:
        audit: what was found.
        section: number and size of the pictures.
        threads: all processors if None.
    """
    table = audit.table
    if section.page_images == 0:
        return []
    most = max(1, min(section.sheet_images, section.page_images // max(1, table.class_count)))
    by_class = np.split(np.argsort(table.label, kind="stable"), np.cumsum(audit.class_counts)[:-1])

    def one(index: int) -> ClassSheet:
        rows = by_class[index].tolist()
        sheet = contact_sheet(audit.thumbnails, rows, most, cell_side(section))
        return ClassSheet(table.class_names[index], len(rows), sheet)

    by_name = sorted(range(table.class_count), key=lambda index: table.class_names[index].casefold())
    with ThreadPoolExecutor(threads or cores()) as pool:
        made = list(pool.map(one, evenly_spaced(by_name, section.page_images)))
    return _within(made, audit.paths)


def evenly_spaced(items: Sequence[T], most: int) -> list[T]:
    """Return all items, or so many of them in the same order.

    Examples:
        >>> evenly_spaced("abcdef", 3), evenly_spaced("ab", 3)
        (['a', 'c', 'e'], ['a', 'b'])
    """
    count = min(most, len(items))
    return [items[place * len(items) // count] for place in range(count)]


def _within(sheets: list[ClassSheet], paths: Sequence[str]) -> list[ClassSheet]:
    """Return all sheets, or evenly spaced ones that have at most `MOST_BYTES`, but at least one."""
    while len(sheets) > 1 and (size := sum(bytes_of(one, paths) for one in sheets)) > MOST_BYTES:
        sheets = evenly_spaced(sheets, max(1, min(len(sheets) - 1, int(len(sheets) * MOST_BYTES / size))))
    return sheets


def bytes_of(one: ClassSheet, paths: Sequence[str]) -> int:
    """Return the bytes of a sheet in the page, about."""
    images = sum(IMAGE_BYTES + 2 * len(paths[row].encode()) for row in one.sheet.rows)
    return CLASS_BYTES + len(one.sheet.uri) + images


def contact_sheet(thumbnails: Sequence[bytes], rows: Sequence[int], most: int, cell: int) -> ContactSheet:
    """Tile thumbnails into one image.

    Args:
        thumbnails: JPEG files of all images; empty ones have no picture and are left out.
        rows: the images wanted.
        most: at most so many are shown, evenly spaced over `rows`, and no more than fit into one image.
        cell: side of a cell in pixels.
    """
    most = min(most, most_tiled(cell, COLUMNS))
    there = [row for row in rows if thumbnails[row]]
    shown = [there[index * len(there) // most] for index in range(most)] if len(there) > most else there
    if not shown:
        return ContactSheet("", (), len(there))
    cells = [square(from_jpeg(thumbnails[row]), cell) for row in shown]
    return ContactSheet(data_uri(webp(tiled(cells, COLUMNS))), tuple(shown), len(there) - len(shown))


def cell_side(section: AuditSection) -> int:
    """Return the side of a cell in pixels."""
    return max(16, section.thumbnail * 3 // 4)
