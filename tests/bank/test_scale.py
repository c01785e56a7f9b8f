"""Features on comparable scales."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sketchfit.bank.scale import FeatureScale, scaled


def sample(rows: int, columns: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)


def test_values_worked_out_by_hand() -> None:
    """|x|^0.7 of 1 and 128^(1/0.7) is 1 and 128; their mean is 64.5, their deviation 63.5."""
    large = 128.0 ** (1 / 0.7)
    train = np.array([[1.0, 5.0, -1.0], [large, 5.0, -large]], np.float32)
    other = np.array([[0.0, 7.0, large]], np.float32)
    found, others = scaled(train, other, widths=(2, 1))
    assert found == pytest.approx(np.array([[-1, 1], [1, -1]]), rel=1e-4)  # the second column is constant
    assert others == pytest.approx(np.array([[-64.5 / 63.5, (128 + 64.5) / 63.5]]), rel=1e-4)


def test_each_block_counts_the_same() -> None:
    train = sample(200, 7) * np.array([1, 9, 0.1, 3, 1, 1, 50], np.float32) + 2
    found, same = scaled(train, train, widths=(2, 5))
    blocks = np.square(found[:, :2]).sum(1).mean(), np.square(found[:, 2:]).sum(1).mean()
    assert blocks == pytest.approx((1, 1), rel=1e-4)
    assert found.mean(axis=0) == pytest.approx(np.zeros(7), abs=1e-6)
    assert np.array_equal(found, same)


def test_columns_left_out_do_not_count_for_the_width_of_their_block() -> None:
    train = sample(50, 3)
    train[:, 1] = 4
    assert scaled(train, widths=(3,))[0] == pytest.approx(scaled(train[:, [0, 2]], widths=(2,))[0], abs=1e-6)


def test_differences_that_float16_makes_are_no_feature() -> None:
    train = sample(500, 2) * np.float32(1e-4) + 3
    train[:, 1] = sample(500, 1, 1)[:, 0] * np.float32(0.1) + 3
    assert FeatureScale.of(train.astype(np.float16).astype(np.float32)).kept.tolist() == [1]


def test_only_the_training_rows_decide() -> None:
    train, others = sample(400, 4), sample(10, 4, 2) * 100
    alone, together = scaled(train)[0], scaled(train, others)
    assert np.array_equal(alone, together[0])
    assert together[1].dtype == np.float32
    assert scaled(train, others[:0])[1].shape == (0, 4)


def test_features_are_not_changed() -> None:
    train = sample(10, 3)
    before = train.copy()
    scaled(train, train)
    assert np.array_equal(train, before)


def test_many_columns_are_as_few() -> None:
    train = sample(30, 700)
    parts = [scaled(train[:, part])[0] * np.sqrt(part.stop - part.start) for part in (slice(0, 300), slice(300, 700))]
    assert scaled(train)[0] * np.sqrt(700) == pytest.approx(np.hstack(parts), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(("rows", "widths"), [(0, (3,)), (5, (2, 2))])
def test_impossible_shapes_are_refused(rows: int, widths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        scaled(sample(rows, 3), widths=widths)
