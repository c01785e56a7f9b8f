from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.stages.scout.sample import LEAST_PER_CLASS, LEAST_ROWS, SHRINK, rows_that_fit, sample_rows


@given(st.integers(1, 100_000), st.floats(0.1, 1e5))
def test_the_number_of_rows_fits_or_is_the_least(rows, allowed):
    found = rows_that_fit(rows, 8000, lambda count: count / 10, allowed)
    assert found <= min(rows, 8000)
    if found > LEAST_ROWS:
        assert found / 10 <= allowed
        if found < min(rows, 8000):  # the next larger number would not fit
            assert (found + 1) / SHRINK / 10 > allowed
    else:
        assert found == min(rows, LEAST_ROWS)


def test_classes_keep_their_rows_where_that_is_enough():
    label = np.repeat(np.arange(10), 100)
    found = sample_rows(label, np.arange(1000), 500, seed=0)
    assert np.bincount(label[found]).tolist() == [50] * 10
    assert (np.diff(found) > 0).all()


def test_then_classes_are_left_out():
    label = np.repeat(np.arange(50), 30)
    found = sample_rows(label, np.arange(1500), 200, seed=0)
    counts = np.bincount(label[found])
    assert set(counts.tolist()) == {0, LEAST_PER_CLASS}
    assert len(found) == 200
    assert sample_rows(label, np.arange(1500), 200, seed=0).tolist() == found.tolist()
    assert sample_rows(label, np.arange(1500), 200, seed=1).tolist() != found.tolist()


def test_at_least_two_classes_and_only_given_rows():
    label = np.repeat(np.arange(3), 100)
    rows = np.arange(0, 300, 2)
    found = sample_rows(label, rows, 10, seed=0)
    assert len(np.unique(label[found])) == 2
    assert np.isin(found, rows).all()
    assert sample_rows(label, rows, 1000, seed=0).tolist() == rows.tolist()
