"""Tests of `claims.units_left`."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.claims.units_left import units_left, units_per_class

LABEL = np.array([0, 0, 0, 0, 1, 1, 1])
GROUP = np.array([5, 5, 6, 7, 8, 8, 9])


def test_each_group_of_a_class_counts_once() -> None:
    assert units_per_class(LABEL, GROUP, np.arange(7), 3).tolist() == [3, 2, 0]
    assert units_per_class(LABEL, GROUP, np.array([0, 1, 4]), 3).tolist() == [1, 1, 0]


def test_a_group_in_two_classes_counts_in_both() -> None:
    assert units_per_class(np.array([0, 1]), np.array([4, 4]), np.arange(2), 2).tolist() == [1, 1]


def test_a_fold_takes_its_own_groups_from_validation_rows_and_not_from_test_rows() -> None:
    # Fold 0 validates groups 5 and 8, fold 1 the others.
    first, second = np.array([0, 1, 4, 5]), np.array([2, 3, 6])
    left = units_left(LABEL, GROUP, [(second, first), (first, second)], np.array([0.5, 0.5]))
    # Fold 0's network has groups 6, 7 and 9; fold 1's has 5 and 8. Rows 0, 1, 4 and 5 are those of fold 0.
    assert left.valid.tolist() == [2, 2, 1, 1, 1, 1, 1]
    assert left.test.tolist() == [[2, 1], [1, 1]]
    assert left.validated == pytest.approx(2 * np.log(2) / 7)
    assert left.tested == pytest.approx(np.log(2) / 4)
    assert left.learnable == 1.0


def test_a_class_that_no_network_has_seen_is_not_learnable() -> None:
    rows = np.arange(4)
    left = units_left(LABEL, GROUP, [(rows, np.array([4, 5, 6]))], np.array([0.25, 0.75]))
    assert left.valid.tolist() == [0, 0, 0]
    assert left.learnable == 0.25
    assert left.validated == 0.0
    assert left.tested == pytest.approx(np.log(3))


def test_counts_are_in_the_order_of_the_rows_and_averaged_over_repeats() -> None:
    parts = [(np.array([0, 4]), np.array([6, 2])), (np.array([0, 3, 4, 5]), np.array([2]))]
    left = units_left(LABEL, GROUP, parts, np.array([0.5, 0.5]))
    # Row 2 (class 0): one group, then two; row 6 (class 1): one group.
    assert left.valid.tolist() == [1.5, 1.0]
