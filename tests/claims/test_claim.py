"""Tests of `claims.claim`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from sketchfit.claims.claim import SHARED, OutOfFold, make_claim, with_unreadable
from sketchfit.claims.group_error import error_within_classes
from sketchfit.claims.learning_curve import Slope
from sketchfit.claims.units_left import UnitsLeft
from sketchfit.inference.intervals import Estimate, accuracy

NO_TEST = np.zeros((0, 2))
SLOPE = Slope(1.0, 0.2)


def rows(right: int, count: int, valid: int, test: int) -> OutOfFold:
    """Return `count` rows of one class of which `right` are right, with so many groups left."""
    left = UnitsLeft(np.full(count, valid), np.array([[test]]), np.ones(1))
    return OutOfFold(np.arange(count) < right, np.zeros(count, np.int64), None, left)


def test_the_out_of_fold_figure_is_claimed_where_nothing_is_taken_away() -> None:
    found = make_claim(rows(60, 100, 4, 4), SLOPE, NO_TEST, [])
    assert found.single == 0.6
    assert found.expected.value == 0.6
    assert found.averaging == 0.0
    assert found.out_of_fold == accuracy(np.arange(100) < 60)


def test_groups_that_a_fold_takes_away_are_given_back_by_the_slope() -> None:
    found = make_claim(rows(500, 1001, 2, 3), SLOPE, NO_TEST, [])
    # log-odds of (500.5 / 1002) are nearly 0; the slope adds log(3 / 2), which is odds of 1.5.
    assert found.single == pytest.approx(0.6, abs=0.001)
    assert found.groups_validated == pytest.approx(2)
    assert found.groups_tested == pytest.approx(3)
    of_rows = np.sqrt(0.25 / 1000)
    assert found.single_error == pytest.approx(np.hypot(of_rows * SHARED**0.5, 0.24 * np.log(1.5) * 0.2), rel=1e-2)


def test_rows_of_a_class_that_a_fold_took_away_completely_are_set_apart() -> None:
    left = UnitsLeft(np.array([0, 0, 2, 2]), np.array([[2, 0], [2, 2]]), np.array([0.5, 0.5]))
    found = make_claim(
        OutOfFold(np.array([False, False, True, True]), np.array([0, 0, 1, 1]), None, left), SLOPE, NO_TEST, []
    )
    assert found.single == 0.75  # a quarter of the test rows are of a class that their network has not learnt


def test_test_rows_of_known_groups_raise_the_claim() -> None:
    plain, known = (
        make_claim(replace(rows(500, 1000, 2, 3), known_change=change, choice_error=change / 2), SLOPE, NO_TEST, [])
        for change in (0.0, 0.8)
    )
    assert (plain.known, plain.single) == (0.0, pytest.approx(0.6, abs=0.001))
    assert known.single == pytest.approx(1 / (1 + 2 / 3 * np.exp(-0.8)), abs=0.001)
    assert known.known == pytest.approx(known.single - plain.single)
    assert known.expected.low < plain.single < known.single < known.expected.high


def test_averaging_networks_that_disagree_raises_the_claim() -> None:
    rng = np.random.default_rng(0)
    units = [rng.dirichlet(np.ones(5), 200) for _ in range(3)]
    found = make_claim(rows(60, 100, 4, 4), SLOPE, np.mean(units, axis=0), units)
    assert found.expected.value > found.single
    assert found.averaging == pytest.approx(found.expected.value - found.single)
    assert found.expected.n == 200


def test_the_interval_includes_the_chance_of_the_test_rows() -> None:
    final = np.tile([0.9, 0.1], (50, 1))
    few, many = (make_claim(rows(600, 1000, 4, 4), SLOPE, np.repeat(final, n, 0), []).expected for n in (1, 100))
    assert few.high - few.low > 2 * (many.high - many.low)
    assert few.low < few.value < few.high


def test_related_rows_widen_the_interval() -> None:
    group = np.repeat(np.arange(10), 10)
    right = np.repeat(np.arange(10) < 6, 10)
    left = UnitsLeft(np.full(100, 4), np.array([[4]]), np.ones(1))
    final = np.tile([0.9, 0.1], (100, 1))
    alone, related = (
        make_claim(OutOfFold(right, np.zeros(100, np.int64), one, left), SLOPE, final, []).expected
        for one in (None, group)
    )
    assert related.high - related.low > 2 * (alone.high - alone.low)


def test_what_differs_between_classes_is_no_source_of_error() -> None:
    label = np.repeat([0, 1], 50)
    one_class_is_right = np.repeat([True, False], 50)
    half_of_each = np.tile([True, False], 50)
    small, _ = error_within_classes(one_class_is_right, label, None)
    usual, freedom = error_within_classes(half_of_each, label, None)
    assert usual == pytest.approx(np.sqrt(0.25 / 100 * 50 / 49))
    assert small < 0.8 * usual  # half of the variance of independent rows is the least
    assert freedom == 98


def test_groups_that_are_right_together_are_the_unit() -> None:
    # Two classes of three groups of ten rows; in each class one group is wrong.
    group, label = np.repeat(np.arange(6), 10), np.repeat([0, 1], 30)
    error, freedom = error_within_classes(~np.isin(group, [0, 3]), label, group)
    # Deviations per class and group, in rows: -10 · 2/3, 10 / 3, 10 / 3; the factor of three groups is 3 / 2.
    squares = 2 * 1.5 * ((20 / 3) ** 2 + 2 * (10 / 3) ** 2)
    assert error == pytest.approx(np.sqrt(squares) / 60)
    assert freedom == 4


@pytest.mark.parametrize("sizes", [[20] * 6, [100, *[5] * 5], [62, 26, 11, 5, 3, 2], [60, 10]])
def test_claims_of_unequal_groups_contain_the_truth_as_often_as_they_state(sizes: list[int]) -> None:
    rng, classes, inside = np.random.default_rng(len(sizes)), 3, 0
    count = len(sizes)
    label = np.repeat(np.arange(classes), sum(sizes))
    group = np.repeat(np.arange(classes * count), sizes * classes)
    left = UnitsLeft(np.full(len(label), count - 1.0), np.full((5, classes), count - 1), np.full(classes, 1 / classes))
    for _ in range(150):  # of new groups, half of the rows are right
        rate = expit(rng.normal(0, 1.5, classes * count))
        right = rng.random(len(label)) < rate[group]
        found = make_claim(OutOfFold(right, label, group, left), SLOPE, NO_TEST, []).expected
        inside += found.low <= 0.5 <= found.high
    assert inside / 150 > 0.92


@pytest.mark.parametrize(("train", "test"), [((100, 10), (4, 150)), ((50, 4), (5, 60)), ((20, 30), (300, 2))])
def test_claims_for_groups_of_other_sizes_contain_the_truth_as_often_as_they_state(
    train: tuple[int, int], test: tuple[int, int]
) -> None:
    rng, inside = np.random.default_rng(train[0]), {None: 0, float(test[0]): 0}
    group = np.repeat(np.arange(train[0]), train[1])
    label, count = np.zeros(len(group), np.int64), test[0] * test[1]
    certain = np.eye(2)[np.zeros(count, dtype=np.int64)]  # the answer is one network
    left = UnitsLeft(np.full(len(group), 9.0), np.full((5, 1), 9), np.ones(1))
    for _ in range(200):
        rate = expit(rng.normal(0, 1, train[0] + test[0]))
        right = rng.random(len(group)) < rate[group]
        truth = (rng.random(count) < np.repeat(rate[train[0] :], test[1])).mean()
        for groups in inside:
            rows = OutOfFold(right, label, group, left, test_groups=groups)
            found = make_claim(rows, SLOPE, certain, [certain]).expected
            inside[groups] += found.low <= truth <= found.high
    assert inside[float(test[0])] / 200 > 0.91
    assert test[0] > 100 or inside[None] / 200 < 0.85  # where few groups are not counted


@pytest.mark.parametrize("right", [0, 100])
def test_all_right_or_all_wrong_gives_an_interval_within_bounds(right: int) -> None:
    found = make_claim(rows(right, 100, 2, 3), SLOPE, NO_TEST, []).expected
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_rows_that_could_not_be_read_are_right_by_chance() -> None:
    found = with_unreadable(Estimate(0.8, 0.7, 0.9, 75), 25, 0.2)
    assert found.n == 100
    assert (found.value, found.low, found.high) == pytest.approx((0.65, 0.575, 0.725))
    assert with_unreadable(Estimate(0.8, 0.7, 0.9, 0), 36, 0.25).value == 0.25
    assert with_unreadable(Estimate(0.8, 0.7, 0.9, 75), 0, 0.2) == Estimate(0.8, 0.7, 0.9, 75)
