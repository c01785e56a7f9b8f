"""Folds of the out-of-fold rows: what is fitted on all other folds is applied to the one held out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.arrays import Bools, Ints

_ENOUGH = 3
"""Fewest folds: choosing among methods inside all folds but one needs two folds there."""


def each_fold(fold: Ints) -> Iterator[tuple[int, Bools]]:
    """Yield each fold's number, ascending, and its held-out rows, bool [N].

    Args:
        fold: int [N], 0 or more; at least two different values.
    """
    numbers = np.unique(fold)
    if len(numbers) < 2:
        raise ValueError("fitting on other folds needs at least two folds")
    if numbers[0] < 0:
        raise ValueError("rows that are never validated (fold -1) have no out-of-fold probabilities: leave them out")
    for k in numbers:
        yield int(k), np.asarray(fold == k)


def cross_fit(fold: Ints, predict: Callable[[Bools, Bools], NDArray[Any]], out: NDArray[Any]) -> None:
    """Fill the rows of each fold with what is fitted on all other folds.

    Args:
        fold: int [N], see `each_fold`.
        predict: (rows to fit on, rows held out), bool [N] each, to the values of the rows held out.
        out: [N, …]; written.
    """
    for _, held in each_fold(fold):
        out[held] = predict(~held, held)


def estimation_folds(fold: Ints, group: Ints | None = None, count: int = 5, seed: int = 0) -> Ints:
    """Return folds for nested estimates, int64 [N]: the run's own if it validated three or more, else random parts.

    A run of one fold has out-of-fold rows in that fold only. No network was trained on any of them, so any parts that
    keep related rows together can be used to fit weights or temperatures on some and to score them on others.

    Args:
        fold: int [N], of the rows that have out-of-fold probabilities.
        group: int [N], related rows share a number; None: rows are independent.
        count: number of random parts.
        seed: of the random parts.
    """
    if len(np.unique(fold)) >= _ENOUGH:
        return fold.astype(np.int64)
    _, family = np.unique(np.arange(len(fold)) if group is None else group, return_inverse=True)
    rng = np.random.Generator(np.random.Philox(key=seed))
    part = rng.permutation(int(family.max(initial=-1)) + 1) % count
    return np.asarray(part[family], dtype=np.int64)
