"""Going through folds: what is fitted on all others is scored on the one held out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sketchfit.inference.arrays import Bools, Ints

_ENOUGH = 3
"""Choosing among methods inside all folds but one needs two folds there."""


def each_fold(fold: Ints) -> Iterator[tuple[int, Bools]]:
    """Each fold's number, ascending, and bool [N]: the rows held out in it.

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


def estimation_folds(fold: Ints, group: Ints | None = None, count: int = 5, seed: int = 0) -> Ints:
    """Int64 [N], folds for nested estimates: the run's own where it validated three or more, else parts drawn at
    random.

    A run of a single fold has out-of-fold rows in that fold only. No model has learnt from any of them, so any parts
    of them that keep near-duplicates together serve to fit weights or temperatures on some and score them on others.

    Args:
        fold: int [N], of the rows that have out-of-fold probabilities.
        group: int [N], a number a family of near-duplicates; None: rows are independent.
        count: parts to draw.
        seed: of the draw.
    """
    if len(np.unique(fold)) >= _ENOUGH:
        return fold.astype(np.int64)
    _, family = np.unique(np.arange(len(fold)) if group is None else group, return_inverse=True)
    rng = np.random.Generator(np.random.Philox(key=seed))
    part = rng.permutation(int(family.max(initial=-1)) + 1) % count
    return np.asarray(part[family], dtype=np.int64)
