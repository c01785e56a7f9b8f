"""Principal components: fewer columns, so that many heads can be fitted in seconds."""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

Floats = NDArray[np.float32]

MOST_COLUMNS = 512


def reduced(train: Floats, *others: Floats, columns: int = MOST_COLUMNS) -> tuple[Floats, ...]:
    """Return features in the leading principal components of the training rows.

    Components are not whitened: distances between rows stay what they are, apart from the components left out. Where
    there are no more columns than that, the features are returned unchanged.

    Args:
        train: float32 [N, D], with mean 0 over the rows.
        others: float32 [M, D] each.
        columns: most columns of the result.

    Returns:
        float32 [N, K] and [M, K] each; where D is larger than `columns`, K is at most that and the rank of `train`.
    """
    count, width = train.shape
    if width <= columns:
        return (train, *others)
    if count < width:  # the same components from the smaller matrix
        size, vectors = _leading(train @ train.T, columns)
        axes = train.T @ np.divide(vectors, np.sqrt(size), dtype=np.float32)
    else:
        axes = _leading(train.T @ train, columns)[1]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    axes *= np.where(largest < 0, np.float32(-1), np.float32(1))  # otherwise the signs are arbitrary
    return tuple(one @ axes for one in (train, *others))


def _leading(matrix: Floats, columns: int) -> tuple[Floats, Floats]:
    """Return the largest eigenvalues [K] of a symmetric matrix [n, n], and their vectors [n, K].

    K is at most `columns`; eigenvalues that are zero but for rounding errors are left out.
    """
    count = len(matrix)
    size, vectors = scipy.linalg.eigh(
        matrix, subset_by_index=(max(0, count - columns), count - 1), overwrite_a=True, check_finite=False
    )
    kept = np.flatnonzero(size > size[-1] * count * np.finfo(np.float32).eps)[::-1]
    return size[kept], vectors[:, kept]
