"""Contact sheets: the training images of a class, tiled into one image file."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from sketchfit.auditing.audit import Audit
from sketchfit.config.audit import AuditSection
from sketchfit.processors import cores
from sketchfit.reporting.kit.thumbnails import data_uri, from_jpeg, square, tiled, webp

COLUMNS = 10


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

    with ThreadPoolExecutor(threads or cores()) as pool:
        made = list(pool.map(one, range(table.class_count)))
    return sorted(made, key=lambda one: one.name.casefold())


def contact_sheet(thumbnails: Sequence[bytes], rows: Sequence[int], most: int, cell: int) -> ContactSheet:
    """Tile thumbnails into one image.

    Args:
        thumbnails: JPEG files of all images; empty ones have no picture and are left out.
        rows: the images wanted.
        most: at most so many are shown, evenly spaced over `rows`.
        cell: side of a cell in pixels.
    """
    there = [row for row in rows if thumbnails[row]]
    shown = [there[index * len(there) // most] for index in range(most)] if len(there) > most else there
    if not shown:
        return ContactSheet("", (), len(there))
    cells = [square(from_jpeg(thumbnails[row]), cell) for row in shown]
    return ContactSheet(data_uri(webp(tiled(cells, COLUMNS))), tuple(shown), len(there) - len(shown))


def cell_side(section: AuditSection) -> int:
    """Return the side of a cell in pixels."""
    return max(16, section.thumbnail * 3 // 4)
