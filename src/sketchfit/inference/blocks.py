"""Probabilities of many rows in parts, so that copies of them in float64 stay small, and samples of them for fits.

Up to `MOST_VALUES` probabilities are one part and their own sample: the results of small tables do not depend on this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.arrays import Ints
from sketchfit.runs.large_arrays import empty_array

MOST_VALUES = 1 << 24
"""Probabilities that are copied at once: 128 MB in float64."""

Dtype = TypeVar("Dtype", bound=np.generic)


def row_blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield consecutive rows of an array [rows, columns], at most `MOST_VALUES` numbers at once, but at least a row.

    Examples:
        >>> [(part.start, part.stop) for part in row_blocks(5, MOST_VALUES // 2)]
        [(0, 2), (2, 4), (4, 5)]
    """
    step = max(1, MOST_VALUES // max(columns, 1))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def by_blocks(
    compute: Callable[[slice], NDArray[Any]], shape: tuple[int, ...], columns: int, dtype: type[Dtype] | np.dtype[Dtype]
) -> NDArray[Dtype]:
    """Return an array whose rows are computed in parts; it is in a file where it would fill the memory.

    Args:
        compute: the values of some rows.
        shape: of the result; the first number is that of the rows.
        columns: numbers that each row takes meanwhile.
        dtype: of the result.
    """
    found = empty_array(shape, dtype)
    for part in row_blocks(shape[0], columns):
        found[part] = compute(part)
    return found


def take_rows(prob: NDArray[Dtype], rows: Ints) -> NDArray[Dtype]:
    """Return some rows, int64 [n], of an array [N, C]; all of them in their order without a copy."""
    if np.array_equal(rows, np.arange(len(prob))):
        return prob
    return by_blocks(lambda part: prob[rows[part]], (len(rows), prob.shape[1]), prob.shape[1], prob.dtype)


def sampled_rows(rows: Ints, columns: int, most: int | None = None) -> Ints:
    """Return these rows, or a random sample of them in the same order that has at most so many numbers.

    A fit of few parameters is not better with more. The sample depends on the number of rows and columns only.

    Args:
        rows: int64 [n].
        columns: numbers per row.
        most: numbers of all rows that are returned; None: `MOST_VALUES`.
    """
    count = max(1, (MOST_VALUES if most is None else most) // max(columns, 1))
    if len(rows) <= count:
        return rows
    chosen = np.random.Generator(np.random.Philox(key=0)).permutation(len(rows))[:count]
    return rows[np.sort(chosen)]
