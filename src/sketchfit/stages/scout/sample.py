"""How many drawings, and which, are compared: as many as let every candidate be tried in the time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]

LEAST_ROWS = 500
"""Fewer rows would decide nothing."""

LEAST_PER_CLASS = 20
"""A class keeps so many rows before classes are left out: few drawings per class are another task than many."""

SHRINK = 0.85
"""Steps in which the number of rows is lowered."""


def rows_that_fit(rows: int, most: int, seconds: Callable[[int], float], allowed: float) -> int:
    """Return the largest tried number of rows that takes no more than a time; at least `LEAST_ROWS` or all.

    >>> rows_that_fit(1000, 8000, lambda count: count / 10, 1000.0)
    1000

    Args:
        rows: that there are.
        most: that are compared.
        seconds: that a number of rows takes.
        allowed: seconds.
    """
    count = float(min(rows, most))
    while count > LEAST_ROWS and seconds(int(count)) > allowed:
        count *= SHRINK
    return min(rows, max(int(count), LEAST_ROWS))


def sample_rows(label: Rows, rows: Rows, count: int, seed: int) -> Rows:
    """Return about `count` rows, ascending: fewer per class first, down to `LEAST_PER_CLASS`, then fewer classes.

    Args:
        label: int64 [N], of all rows.
        rows: int64, to choose from.
        count: of rows.
        seed: of the choice.
    """
    if len(rows) <= count:
        return np.sort(rows)
    order = np.random.default_rng(seed).permutation(rows)
    classes = list(dict.fromkeys(label[order].tolist()))
    per_class = max(LEAST_PER_CLASS, count // len(classes))
    kept = [order[label[order] == number][:per_class] for number in classes]
    ends = np.cumsum([len(part) for part in kept])
    classes_kept = max(2, int(np.searchsorted(ends, count, side="right")))
    return np.sort(np.concatenate(kept[:classes_kept]))
