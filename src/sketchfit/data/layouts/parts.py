"""The parts of a data set: where the rows of each split come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ClassFolder:
    """A folder of images of one class.

    Attributes:
        label: name of the class.
        path: of the folder, relative to the data root.
    """

    label: str
    path: str


@dataclass(frozen=True)
class SplitPart:
    """Where the rows of a split come from: tables, class folders, or a folder of images without labels.

    Attributes:
        tables: one table, or several with the same keys.
        classes: class folders.
        folder: the folder that has the images of class folders, or images without labels, relative to the data root
            ("" is the root); None for tables.
    """

    tables: tuple[Path, ...] = ()
    classes: tuple[ClassFolder, ...] = ()
    folder: str | None = None
