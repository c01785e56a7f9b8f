"""Kernel heads for any number of rows: exact up to `bank.kernel.MOST_ROWS`, by landmarks beyond."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.kernel import CHUNK, MOST_ROWS, KernelRidge, KernelSettings
from sketchfit.bank.kernel_fold import KernelFold
from sketchfit.bank.nystrom import Nystrom, NystromFold

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Regression = KernelRidge | Nystrom
FoldRegression = KernelFold | NystromFold
"""Of either: `kept`, `head`, `dual` (coefficients of the regression's `support`), `held_out` and `left_out`."""


def fit_kernel(
    features: Callable[[Rows], Floats], label: Rows, classes: int, settings: KernelSettings | None = None
) -> Regression:
    """Return the regression on all rows; arguments as for `Nystrom.of`.

    Raises:
        ValueError: a width or strength that is not above 0 or too small.
    """
    if len(label) <= MOST_ROWS:
        return KernelRidge.of(features(np.arange(len(label))), label, classes, settings)
    return Nystrom.of(features, label, classes, settings)


def without(ridge: Regression, rows: Rows) -> FoldRegression:
    """Return the regression without some rows.

    Raises:
        ValueError: no row is left, or rows that are not distinct.
    """
    return KernelFold(ridge, rows) if isinstance(ridge, KernelRidge) else NystromFold(ridge, rows)


def scores_by(ridge: Regression, duals: Sequence[Floats], features: Floats) -> list[Floats]:
    """Return the scores of other rows by several heads of one regression; each kernel value is computed once.

    Args:
        ridge: of all heads.
        duals: of each head, float32 [m, C], coefficients of the regression's `support`.
        features: float32 [k, D].

    Returns:
        Per head float32 [k, C].
    """
    found = [np.empty((len(features), ridge.classes), dtype=np.float32) for _ in duals]
    for start in range(0, len(features), CHUNK):
        rows = slice(start, start + CHUNK)
        values = ridge.kernel.between(features[rows], ridge.support)
        for scores, dual in zip(found, duals, strict=True):
            np.matmul(values, dual, out=scores[rows])
    return found
