"""Samples of an epoch: a row of the store, and how often the epoch has had it before, in one integer.

A row itself is its first sample, so functions of samples take rows as well.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ROWS = 1 << 40
"""More than a store has."""


def number_samples(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the samples of an epoch, int64 [n].

    Args:
        order: rows int64 [n], of which some may occur several times.
    """
    by_row = np.argsort(order, kind="stable")
    rows = order[by_row]
    repeats = np.empty_like(order)
    repeats[by_row] = np.arange(len(rows)) - np.searchsorted(rows, rows)
    return order + repeats * _ROWS


def rows_of(samples: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows of samples, both int64 [n]."""
    return samples % _ROWS


def row_and_repeat(sample: int) -> tuple[int, int]:
    """Return the row of a sample, and how often the epoch has had it before."""
    repeat, row = divmod(sample, _ROWS)
    return row, repeat
