"""Matching the mean prediction to class frequencies: by hand, what is expected of it, and the gain that labels show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sketchfit.inference.class_frequencies import Reference
from sketchfit.inference.frequency_matching import (
    FEWEST_CLASSES,
    FEWEST_PER_CLASS,
    MatchingGain,
    expected_variance,
    fitted_weight,
    is_split_by_class,
    matching_gain,
    matching_weight,
    sampled_by_class,
)
from sketchfit.inference.intervals import Difference
from sketchfit.inference.prior_correction import reweighted
from tests.inference.test_class_frequencies import answers

EQUAL = np.full(5, 0.2)
NONE = np.zeros(0, dtype=np.int64)


def preferring(label: NDArray[np.int64], seed: int, classes: int = 5, by: float = 1.0) -> NDArray[np.float32]:
    """Return predictions that prefer the last classes."""
    prob = answers(label, classes, 1.0, seed)
    return reweighted(prob.astype(np.float32), np.exp(by * np.linspace(-1, 1, classes)))


def right(prob: NDArray[np.float32], label: NDArray[np.int64]) -> float:
    return float((prob.argmax(axis=1) == label).mean())


def matched(reference: Reference, test: NDArray[np.float32], seed: int = 0) -> NDArray[np.float32]:
    """Return test probabilities as the product matches them."""
    expected = expected_variance(reference, len(test), seed)
    return reweighted(test, matching_weight(test, reference.frequencies, expected)).astype(np.float32)


def test_two_classes_by_hand() -> None:
    """Rows of odds 3 and 1 to 3 times w have the mean 1/2 where w is 1; preferring the first class by 4, w is 1/4."""
    odds = np.tile([[3.0, 1.0], [1.0, 3.0]], (5000, 1))
    prob = odds * [4.0, 1.0]
    prob /= prob.sum(axis=1, keepdims=True)
    weight = matching_weight(prob, np.array([0.5, 0.5]))
    assert weight[0] / weight[1] == pytest.approx(1 / 4, rel=0.01)
    np.testing.assert_allclose(matching_weight(odds / 4, np.array([0.5, 0.5])), 1, atol=1e-9)


def test_the_mean_has_the_frequencies() -> None:
    label = np.arange(20_000) % 5
    prob = preferring(label, 1)
    assert np.abs(prob.mean(axis=0) - EQUAL).max() > 0.05
    found = reweighted(prob, matching_weight(prob, EQUAL))
    np.testing.assert_allclose(found.mean(axis=0), EQUAL, atol=0.01)


def test_weights_are_reduced_to_what_is_expected_of_them() -> None:
    """Logarithms of half the size have a quarter of the variance, and the power is the ratio of variances."""
    prob = preferring(np.arange(500) % 5, 3)
    full = np.log(matching_weight(prob, EQUAL))
    variance = float(EQUAL @ full**2)
    np.testing.assert_allclose(np.log(matching_weight(prob, EQUAL, variance / 4)), full / 4)
    np.testing.assert_array_equal(matching_weight(prob, EQUAL, 2 * variance), np.exp(full))
    np.testing.assert_array_equal(matching_weight(prob, EQUAL, 0.0), 1)


@pytest.mark.parametrize("count", [500, 1000, 2000])
def test_the_expected_variance_is_that_of_other_rows_split_by_class(count: int) -> None:
    classes, expected, found = 50, [], []
    for seed in range(6):
        label, test = np.arange(1000) % classes, np.arange(count) % classes
        known, other = (preferring(one, 10 * seed + k, classes, 0.5) for k, one in enumerate((label, test)))
        expected.append(expected_variance(Reference(known, known, label), count, seed))
        found.append(float(np.log(fitted_weight(other, np.full(classes, 1 / classes))).var()))
    assert np.mean(expected) == pytest.approx(np.mean(found), rel=0.15)


def test_labels_confirm_the_gain() -> None:
    label = np.arange(600) % 5
    known, test = preferring(label, 2), preferring(label, 3)
    reference = Reference(known, known, label)
    gain = matching_gain(reference, NONE, len(test))
    assert gain is not None
    assert gain.helps
    real = right(matched(reference, test), label) - right(test, label)
    assert real > 0.02
    assert gain.accuracy.value == pytest.approx(real, abs=0.04)


@pytest.mark.parametrize("held_out", [1000, 300])
def test_the_gain_is_that_of_test_rows_split_by_class(held_out: int) -> None:
    """Also where few folds are held out, and the frequencies are those of the other training rows."""
    measured, real = [], []
    for seed in range(8):
        label = np.arange(1000) % 100
        known, test = (preferring(label, 100 * seed + k, 100, 1.5) for k in range(2))
        reference = Reference(known, known, label).part(np.arange(held_out))
        gain = matching_gain(reference, label[held_out:], len(test), seed)
        assert gain is not None
        measured.append(gain.accuracy.value)
        full = reweighted(test, fitted_weight(test, np.full(100, 0.01)))
        real.append(right(full, label) - right(test, label))
    assert np.mean(real) > 0.01
    assert np.mean(measured) == pytest.approx(np.mean(real), abs=0.015)


def test_rows_are_matched_to_the_frequencies_of_the_other_training_rows_alone() -> None:
    """No label of a measured row has a part in them: those have other frequencies here."""
    label, others = np.random.default_rng(0).integers(0, 5, 200), np.repeat(np.arange(5), [10, 50, 80, 60, 40])
    known = preferring(label, 1)
    gain = matching_gain(Reference(known, known, label), others, 1000)
    assert gain is not None
    full = reweighted(known, fitted_weight(known, np.array([10, 50, 80, 60, 40]) / 240))
    rows = np.arange(200)
    assert gain.log_loss.value == pytest.approx(np.log(full[rows, label] / known[rows, label]).mean(), abs=1e-6)
    assert gain.accuracy.value == pytest.approx(right(full, label) - right(known, label))


def test_fewer_test_rows_than_out_of_fold_rows_are_of_all_classes() -> None:
    """The table is sorted by class."""
    label = np.repeat(np.arange(12), 100)
    known = preferring(label, 1, 12)
    gain = matching_gain(Reference(known, known, label), np.arange(2400) % 12, 240)
    assert gain is not None
    full = reweighted(known, fitted_weight(known, np.full(12, 1 / 12)))
    assert gain.accuracy.value == pytest.approx(right(full, label) - right(known, label), abs=0.02)
    assert gain.accuracy.value > 0.02


def test_test_rows_of_a_random_split_lose_little() -> None:
    """The product does not match them, as their numbers per class are not even; weights are reduced as well."""
    rng, classes, lost = np.random.default_rng(0), 60, []
    for seed in range(12):
        label, truth = np.arange(600) % classes, rng.integers(0, classes, 600)
        known, test = (answers(one, classes, 2.5, 50 * seed + k) for k, one in enumerate((label, truth)))
        full = reweighted(test, fitted_weight(test, np.full(classes, 1 / classes)))
        reduced = matched(Reference(known, known, label), test, seed)
        lost.append([right(test, truth) - right(one, truth) for one in (reduced, full)])
    reduced, all_of_it = np.mean(lost, axis=0)
    assert reduced < all_of_it / 2


@given(seed=st.integers(0, 30), rows=st.integers(1, 300), expected=st.floats(0, 3))
def test_weights_are_between_one_and_fitted_ones(seed: int, rows: int, expected: float) -> None:
    classes, equal = 40, np.full(40, 1 / 40)
    prob = answers(np.random.default_rng(seed).integers(0, classes, rows), classes, 2.0, seed)
    weight, fitted = np.log(matching_weight(prob, equal, expected)), np.log(fitted_weight(prob, equal))
    assert np.isfinite(fitted).all()
    assert fitted.mean() == pytest.approx(0, abs=1e-9)
    assert (np.abs(weight) <= np.abs(fitted) * (1 + 1e-9)).all()
    assert (weight * fitted >= 0).all()


def test_a_class_without_rows_keeps_its_weight() -> None:
    prob = preferring(np.arange(4000) % 5, 5)
    frequencies = np.array([0.25, 0.25, 0.25, 0.25, 0.0])
    weight = matching_weight(prob, frequencies)
    assert weight[4] == 1
    assert weight[0] > weight[3]


def test_without_rows_there_is_no_gain() -> None:
    nothing = np.zeros((0, 5), dtype=np.float32)
    assert matching_gain(Reference(nothing, nothing, NONE), NONE, 10) is None
    assert matching_gain(Reference(nothing, nothing, NONE), np.arange(5), 100) is None


def test_few_test_rows_per_class_show_no_gain() -> None:
    label = np.arange(600) % 5
    prob = preferring(label, 2)
    reference = Reference(prob, prob, label)
    assert matching_gain(reference, NONE, 5 * FEWEST_PER_CLASS - 1) is None
    assert matching_gain(reference, NONE, 5 * FEWEST_PER_CLASS) is not None


def test_a_matching_that_makes_predictions_worse_does_not_help() -> None:
    better, worse = Difference(0.1, 0.05, 0.15, 0.001, 100), Difference(-0.1, -0.15, -0.05, 0.001, 100)
    unknown = Difference(-0.01, -0.05, 0.03, 0.6, 100)
    assert MatchingGain(unknown, better).helps
    assert not MatchingGain(worse, better).helps
    assert not MatchingGain(better, unknown).helps


@given(share=st.sampled_from([0.5, 0.6, 0.7, 0.8]), classes=st.integers(60, 400), seed=st.integers(0, 100))
def test_a_split_by_class_is_told_from_a_random_one(share: float, classes: int, seed: int) -> None:
    """With 30 rows per class, of which the same share is in the training table, up to one row."""
    rng, rows = np.random.default_rng(seed), 30
    by_class = np.floor(rows * share + rng.random(classes)).astype(np.int64)
    at_random = rng.multivariate_hypergeometric([rows] * classes, int(share * rows * classes))
    assert is_split_by_class(by_class, share)
    assert not is_split_by_class(at_random, share)


def test_a_random_part_with_another_test_set_is_no_split_by_class() -> None:
    """80 % of classes of 100 rows, chosen at random, and five times as many test rows as were not chosen."""
    rng = np.random.default_rng(0)
    for classes in (50, 200):
        counts = rng.multivariate_hypergeometric([100] * classes, 80 * classes)
        assert not is_split_by_class(counts, 80 / (80 + 5 * 20))


def test_few_or_unequal_classes_are_no_split_by_class() -> None:
    assert not is_split_by_class(np.array([], dtype=np.int64), 0.7)
    assert not is_split_by_class(np.array([100] * (FEWEST_CLASSES - 1)), 0.7)
    assert not is_split_by_class(np.array([10, 200, 40, 800] * 30), 0.7)
    assert is_split_by_class(np.array([200] * FEWEST_CLASSES + [0]), 0.7)
    assert not is_split_by_class(np.array([200] * FEWEST_CLASSES), 1.0)


@given(counts=st.lists(st.integers(0, 9), min_size=1, max_size=9), count=st.integers(0, 90), seed=st.integers(0, 9))
def test_a_sample_has_the_same_share_of_each_class(counts: list[int], count: int, seed: int) -> None:
    label = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    found = sampled_by_class(label, count, np.random.default_rng(seed))
    taken = min(count, len(label))
    assert len(set(found.tolist())) == taken
    assert (np.diff(found) > 0).all()
    share = taken / max(1, len(label))
    assert (np.abs(np.bincount(label[found], minlength=len(counts)) - share * np.array(counts)) < 1 + 1e-9).all()
