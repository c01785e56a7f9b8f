"""What heads share that are fitted again without some rows: targets, checks, and rows group by group."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def targets_of(label: Rows, classes: int) -> NDArray[np.float64]:
    """Return 1 for the class of each row and -1 for others, float64 [n, C]."""
    targets = np.full((len(label), classes), -1.0)
    targets[np.arange(len(label)), label] = 1.0
    return targets


def check_removable(rows: Rows, count: int) -> None:
    """Check rows that are taken away from `count` rows.

    Raises:
        ValueError: no row is left, or rows that are not distinct.
    """
    distinct = len(np.unique(rows))
    if distinct != len(rows):
        raise ValueError(f"{len(rows) - distinct} of {len(rows)} rows are repeated")
    if distinct >= count:
        raise ValueError("no row is left to fit a head on")


def group_numbers(group: Rows | None, count: int) -> Rows:
    """Return groups numbered from 0, int64 [count]; each row is a group where none are given."""
    return np.arange(count) if group is None else np.unique(group, return_inverse=True)[1]


def by_group(number: Rows, rows: Rows) -> list[Rows]:
    """Return some rows group by group; `number` is that of all rows."""
    if len(rows) == 0:
        return []
    order = rows[np.argsort(number[rows], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(number[order])) + 1)
