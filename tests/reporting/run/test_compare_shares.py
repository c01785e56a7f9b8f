from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, fisher_exact

from sketchfit.reporting.run.compare_shares import CountedRows, exact_p_value


def _right(right: int, rows: int) -> np.ndarray:
    return np.arange(rows) < right


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_independent_rows_are_counted_as_they_are(one: int, other: int, data: st.DataObject) -> None:
    first, second = data.draw(st.integers(0, one)), data.draw(st.integers(0, other))
    counted = [CountedRows.of(_right(*part), None) for part in ((first, one), (second, other))]
    table = [(first, one - first), (second, other - second)]
    assert exact_p_value(*counted) == pytest.approx(fisher_exact(table).pvalue)
    assert exact_p_value(*counted, "less") == pytest.approx(fisher_exact(table, "less").pvalue)


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        (20, 3610),  # of 20 and 3,800, at 95 %: 0.36 by chance
        (0, 456),  # at 12 %: 0.08 by chance, on one side
    ],
)
def test_small_parts_that_are_all_right_or_all_wrong(inside: int, outside: int) -> None:
    share = outside / 3800
    by_chance = binom.pmf(inside, 20, share)
    p_value = exact_p_value(CountedRows.of(_right(inside, 20), None), CountedRows.of(_right(outside, 3800), None))
    assert 0.9 * by_chance < p_value <= 1.0
    assert p_value > 0.05


def test_copies_count_once() -> None:
    others = CountedRows(0.5, 1000.0)
    alone = CountedRows.of(_right(0, 4), None)
    copied = CountedRows.of(_right(0, 40), np.arange(40) // 10)
    assert exact_p_value(copied, others) == exact_p_value(alone, others)
    assert exact_p_value(CountedRows.of(_right(0, 40), None), others) < 1e-9


def test_counts_are_rounded_to_those_that_differ_less() -> None:
    lower, higher = CountedRows(0.11, 9.9), CountedRows(0.89, 9.9)
    assert exact_p_value(lower, higher) == pytest.approx(fisher_exact([(1, 8), (8, 1)]).pvalue)
    assert exact_p_value(higher, lower) == pytest.approx(exact_p_value(lower, higher))
    assert exact_p_value(CountedRows(0.0, 0.4), higher) > 0.1  # at least one row
