"""Degrees of freedom and the jackknife, against matrices and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sketchfit.runs.few_groups import degrees_of_freedom, independent_groups, jackknife_scale, t_quantile

SIZES = st.lists(st.integers(1, 200), min_size=2, max_size=12)


@given(st.lists(SIZES, min_size=1, max_size=4))
def test_degrees_of_freedom_are_those_of_the_quadratic_form(parts: list[list[int]]) -> None:
    sizes = np.array([size for one in parts for size in one], dtype=np.float64)
    part = np.repeat(np.arange(len(parts)), [len(one) for one in parts])
    form = np.zeros((len(sizes), len(sizes)))
    for number in range(len(parts)):
        inside = np.flatnonzero(part == number)
        own = sizes[inside]
        away = np.eye(len(own)) - np.tile(own / own.sum(), (len(own), 1))
        scale = np.sqrt((len(own) - 1) / len(own)) / (1 - own / own.sum())
        form[np.ix_(inside, inside)] = away.T @ np.diag((own * scale) ** 2) @ away
    expected = np.trace(form) ** 2 / np.trace(form @ form)
    assert degrees_of_freedom(sizes, part) == pytest.approx(expected, rel=1e-6)


@given(SIZES, st.integers(0, 2**32 - 1))
def test_the_scale_is_that_of_the_jackknife(sizes: list[int], seed: int) -> None:
    means = np.random.default_rng(seed).normal(size=len(sizes))
    own = np.array(sizes, dtype=np.float64)
    left_out = [np.average(np.delete(means, k), weights=np.delete(own, k)) for k in range(len(own))]
    mean, count = np.average(means, weights=own), len(own)
    expected = (count - 1) / count * np.square(np.array(left_out) - mean).sum()
    sums = own * (means - mean) * jackknife_scale(own, np.zeros(count, dtype=np.int64))
    assert np.square(sums).sum() / own.sum() ** 2 == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_equal_groups_have_one_degree_less_than_groups_per_part() -> None:
    assert degrees_of_freedom(np.full(12, 7.0), np.repeat([0, 1, 2], 4)) == pytest.approx(9)
    assert degrees_of_freedom(np.array([5.0, 5.0, 3.0]), np.array([0, 0, 1])) == pytest.approx(1)
    assert degrees_of_freedom(np.array([5.0, 3.0]), np.array([0, 1])) == 0
    np.testing.assert_allclose(jackknife_scale(np.array([4.0, 4.0, 9.0]), np.array([0, 0, 1])), [2**0.5, 2**0.5, 1])


def test_groups_that_are_alike_inside_are_worth_as_many_rows() -> None:
    assert independent_groups(np.full(6, 20.0)) == pytest.approx(6)
    assert independent_groups(np.array([100.0, 5.0, 5.0])) == pytest.approx(110**2 / 10050)


@pytest.mark.parametrize("freedom", [1.0, 2.5, 30.0, 1e6])
def test_quantiles_are_scipys(freedom: float) -> None:
    assert t_quantile(0.95, freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)
