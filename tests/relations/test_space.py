from __future__ import annotations

import numpy as np

from sketchfit.relations.space import compare_rows
from tests.relations.simulated import features, rows


def test_rows_of_a_class_deviate_around_zero() -> None:
    label, _, _ = rows(4, 3, 5)
    space = compare_rows(features(0, label), label)
    assert space.rows.tolist() == list(range(60))
    for number in range(4):
        np.testing.assert_allclose(space.unit[space.label == number].mean(axis=0), 0, atol=1e-6)
    lengths = np.linalg.norm(space.unit, axis=1)
    assert 0.7 < lengths.min() <= lengths.max() < 1.4


def test_nearest_rows_by_brute_force() -> None:
    label, _, group = rows(5, 4, 2)
    space = compare_rows(features(1, label, [(group, 1.0)]), label)
    cosine = space.unit @ space.unit.T
    np.fill_diagonal(cosine, -9)
    same = label[:, None] == label[None, :]
    np.testing.assert_array_equal(space.nearest, np.where(same, cosine, -9).argmax(axis=1))
    np.testing.assert_array_equal(space.nearest_elsewhere, np.where(same, -9, cosine).argmax(axis=1))


def test_one_row_of_each_group_of_copies_is_kept_whatever_the_order() -> None:
    label, _, _ = rows(3, 1, 8)
    table = features(2, label)
    copies = np.arange(24)
    copies[[1, 2, 3]] = 1
    table[2] = table[1] + 5
    table[3] = table[1] + 9
    space = compare_rows(table, label, copies)
    assert len(space.rows) == 22
    kept = set(space.rows.tolist()) & {1, 2, 3}
    order = np.random.default_rng(0).permutation(24)
    mixed = compare_rows(table[order], label[order], copies[order])
    assert set(order[mixed.rows].tolist()) & {1, 2, 3} == kept


def test_unusable_rows_and_single_rows_are_left_out() -> None:
    label = np.array([0, 0, 0, 1, 1, 2])
    usable = np.array([True, True, True, True, False, True])
    assert compare_rows(features(3, label), label, usable=usable).rows.tolist() == [0, 1, 2]
    nothing = compare_rows(features(3, label), label, usable=np.zeros(6, dtype=bool))
    assert len(nothing.rows) == 0
    assert len(nothing.nearest) == 0


def test_equal_rows_have_no_direction() -> None:
    label = np.repeat([0, 1], 4)
    space = compare_rows(np.ones((8, 5), np.float32), label)
    assert np.isfinite(space.unit).all()
    np.testing.assert_allclose(space.unit, 0, atol=1e-6)
