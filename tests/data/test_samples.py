"""Samples: rows, numbered where an epoch repeats them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.data.samples import number_samples, row_and_repeat, rows_of


@given(st.lists(st.integers(0, 9), max_size=40))
def test_samples_are_rows_with_the_number_of_earlier_ones(rows: list[int]) -> None:
    samples = number_samples(np.array(rows, dtype=np.int64))
    assert rows_of(samples).tolist() == rows
    expected = [(row, rows[:place].count(row)) for place, row in enumerate(rows)]
    assert [row_and_repeat(sample) for sample in samples.tolist()] == expected


def test_rows_that_occur_once_are_their_samples() -> None:
    rows = np.random.default_rng(0).permutation(50)
    assert np.array_equal(number_samples(rows), rows)
