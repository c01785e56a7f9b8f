"""Folds are gone through once each, and rows without out-of-fold probabilities are refused."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.inference.folding import each_fold, estimation_folds


def test_every_row_is_held_out_once() -> None:
    fold = np.array([2, 0, 2, 5])
    assert [(k, held.tolist()) for k, held in each_fold(fold)] == [
        (0, [False, True, False, False]),
        (2, [True, False, True, False]),
        (5, [False, False, False, True]),
    ]


def test_what_cannot_be_cross_fitted_is_refused() -> None:
    with pytest.raises(ValueError, match="two folds"):
        list(each_fold(np.zeros(3, dtype=int)))
    with pytest.raises(ValueError, match="fold -1"):
        list(each_fold(np.array([0, 1, -1])))


def test_a_single_fold_is_split_by_family_and_enough_folds_stay() -> None:
    group = np.arange(300) // 3
    parts = estimation_folds(np.full(300, 4), group)
    assert np.bincount(parts).tolist() == [60] * 5
    assert (parts.reshape(100, 3) == parts[::3, None]).all()
    assert (estimation_folds(np.zeros(300), group) == parts).all()
    assert (estimation_folds(np.zeros(300), group, seed=1) != parts).any()
    own = np.arange(300) % 3
    assert (estimation_folds(own, group) == own).all()
    assert sorted(np.bincount(estimation_folds(np.zeros(7, dtype=int), count=3))) == [2, 2, 3]
