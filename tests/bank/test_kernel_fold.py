"""A kernel ridge regression without some rows: against regressions that are fitted without them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.bank.kernel import KernelRidge
from sketchfit.bank.kernel_fold import KernelFold
from tests.bank.test_kernel import SETTINGS, refit, sample


@settings(max_examples=20)
@given(st.integers(0, 57), st.integers(0, 1000))
def test_head_and_held_out_rows_are_those_of_an_explicit_refit(size: int, seed: int) -> None:
    features, label = sample()
    removed = np.random.default_rng(seed).permutation(60)[:size]
    fold = KernelFold(KernelRidge.of(features, label, 4, SETTINGS), removed)
    expected = refit(features, label, fold.kept)
    if size:
        assert fold.held_out() == pytest.approx(expected(features[removed]), abs=1e-3)
    assert fold.head.scores(features) == pytest.approx(expected(features), abs=1e-3)


@settings(max_examples=10)
@given(st.booleans(), st.integers(0, 40), st.integers(0, 1000))
def test_left_out_groups_have_the_scores_of_refits(grouped: bool, size: int, seed: int) -> None:
    features, label = sample()
    rng = np.random.default_rng(seed)
    group, removed = rng.integers(0, 25, 60) if grouped else np.arange(60), rng.permutation(60)[:size]
    fold = KernelFold(KernelRidge.of(features, label, 4, SETTINGS), removed)
    rows, found = fold.left_out(group if grouped else None)
    assert np.array_equal(rows, fold.kept)
    for number in np.unique(group[fold.kept]):
        rows = np.flatnonzero(group[fold.kept] == number)
        expected = refit(features, label, np.delete(fold.kept, rows))(features[fold.kept[rows]])
        assert found[rows] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("rows", "message"), [([1, 1], "repeated"), (range(60), "left")])
def test_removed_rows_must_be_distinct_and_leave_some(rows: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        KernelFold(KernelRidge.of(*sample(), 4, SETTINGS), np.array(rows))
