"""What is known about where each row comes from: its path, its cells in the table, its EXIF fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.table import Table

Texts = Mapping[str, NDArray[np.str_]]
"""Text per row by name: of a column, or of an EXIF tag; each an array [n]; an empty text is no value."""


_MISSING = frozenset(("nan", "none", "null", "na", "n/a", "<na>", "nat", "unknown", "?", "-", "--", "-1"))


def known_text(cell: str) -> str:
    """Return the text of a cell without blanks around it; empty if it is a usual word for a missing value."""
    text = cell.strip()
    return "" if text.casefold() in _MISSING else text


@dataclass(frozen=True)
class Facts:
    """Facts about n rows, all training rows or all test rows.

    Attributes:
        paths: n paths relative to the data root, with forward slashes.
        columns: further columns of the table.
        exif: EXIF fields by tag name, e.g. `Model`.
    """

    paths: tuple[str, ...]
    columns: Texts = field(default_factory=dict)
    exif: Texts = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.paths)

    @cached_property
    def stems(self) -> list[str]:
        """File names without folder and suffix."""
        return [PurePosixPath(path).stem for path in self.paths]

    @cached_property
    def folders(self) -> list[str]:
        """Folders below the deepest folder that contains all rows; empty for files directly in it."""
        parents = [PurePosixPath(path).parent.parts for path in self.paths]
        shared = 0
        for level in zip(*parents, strict=False):
            if len(set(level)) > 1:
                break
            shared += 1
        return ["/".join(parts[shared:]) for parts in parents]


@dataclass(frozen=True)
class Origins:
    """Facts about the training rows, their classes, and facts about the test rows.

    Attributes:
        train: of N training rows.
        label: int64 [N], class index of each training row.
        test: of M test rows; M may be 0.
    """

    train: Facts
    label: NDArray[np.int64]
    test: Facts = field(default_factory=lambda: Facts(()))


def origins_of(table: Table, train_exif: Texts | None = None, test_exif: Texts | None = None) -> Origins:
    """Return what a table contains about the origin of its rows.

    Args:
        table: checked tables.
        train_exif, test_exif: EXIF fields of the files, if they were read.
    """
    return Origins(
        train=Facts(table.train.paths, table.columns, train_exif or {}),
        label=np.asarray(table.label, dtype=np.int64),
        test=Facts(table.test.paths, table.test_columns, test_exif or {}),
    )
