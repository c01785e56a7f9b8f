"""Matching the mean prediction to class frequencies: by hand, what chance allows, and the gain that labels show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sketchfit.inference.class_frequencies import Reference
from sketchfit.inference.frequency_matching import (
    FEWEST_PER_CLASS,
    _is_even,
    chance_variance,
    fitted_weight,
    matching_gain,
    matching_weight,
)
from sketchfit.inference.prior_correction import reweighted
from tests.inference.test_class_frequencies import answers

EQUAL = np.full(5, 0.2)


def preferring(label: NDArray[np.int64], seed: int, classes: int = 5, by: float = 1.0) -> NDArray[np.float32]:
    """Return predictions that prefer the last classes."""
    prob = answers(label, classes, 1.0, seed)
    return reweighted(prob.astype(np.float32), np.exp(by * np.linspace(-1, 1, classes)))


def test_two_classes_by_hand() -> None:
    """Rows of odds 3 and 1 to 3 times w have the mean 1/2 where w is 1; preferring the first class by 4, w is 1/4."""
    odds = np.tile([[3.0, 1.0], [1.0, 3.0]], (5000, 1))
    prob = odds * [4.0, 1.0]
    prob /= prob.sum(axis=1, keepdims=True)
    weight = matching_weight(prob, np.array([0.5, 0.5]))
    assert weight[0] / weight[1] == pytest.approx(1 / 4, rel=0.01)
    np.testing.assert_allclose(matching_weight(odds / 4, np.array([0.5, 0.5])), 1, atol=1e-9)


def test_the_mean_has_the_frequencies_where_there_are_many_rows() -> None:
    label = np.arange(20_000) % 5
    prob = preferring(label, 1)
    assert np.abs(prob.mean(axis=0) - EQUAL).max() > 0.05
    matched = reweighted(prob, matching_weight(prob, EQUAL))
    np.testing.assert_allclose(matched.mean(axis=0), EQUAL, atol=0.01)


def test_labels_confirm_the_gain() -> None:
    label = np.arange(600) % 5
    known, test = preferring(label, 2), preferring(label, 3)
    gain = matching_gain(Reference(known, known, label), len(test))
    assert gain is not None
    assert gain.helps
    matched = reweighted(test, matching_weight(test, EQUAL))
    real = float((matched.argmax(1) == label).mean() - (test.argmax(1) == label).mean())
    assert real > 0.02
    assert gain.value == pytest.approx(real, abs=0.04)


def test_frequencies_that_are_known_by_chance_show_no_gain() -> None:
    """Of the training rows they are known exactly, and of the test rows not: their labels would show a gain there."""
    rng, classes, shown, real = np.random.default_rng(0), 100, 0, []
    equal = np.full(classes, 1 / classes)
    for seed in range(12):
        label, truth = rng.integers(0, classes, 1000), rng.integers(0, classes, 2000)
        known, test = (answers(one, classes, 2.5, 50 * seed + len(one)) for one in (label, truth))
        reference = Reference(known, known, label)
        gain = matching_gain(reference, len(test), seed)
        assert gain is not None
        shown += gain.helps
        matched = reweighted(test, matching_weight(test, reference.frequencies))
        real.append((matched.argmax(1) == truth).mean() - (test.argmax(1) == truth).mean())
    assert np.abs(reference.frequencies - equal).max() > 0.005
    assert np.mean(real) < 0
    assert shown <= 1


def test_the_gain_is_that_of_test_rows_where_rows_are_split_by_class() -> None:
    measured, real = [], []
    for seed in range(8):
        label = np.arange(1000) % 100
        known, test = (preferring(label, 100 * seed + k, 100, 1.5) for k in range(2))
        reference = Reference(known, known, label)
        gain = matching_gain(reference, len(test), seed)
        assert gain is not None
        measured.append(gain.value)
        matched = reweighted(test, matching_weight(test, reference.frequencies))
        real.append((matched.argmax(1) == label).mean() - (test.argmax(1) == label).mean())
    assert np.mean(real) > 0.01
    assert np.mean(measured) == pytest.approx(np.mean(real), abs=0.01)


@given(seed=st.integers(0, 30), rows=st.integers(1, 300))
def test_weights_are_between_one_and_fitted_ones(seed: int, rows: int) -> None:
    classes, equal = 40, np.full(40, 1 / 40)
    prob = answers(np.random.default_rng(seed).integers(0, classes, rows), classes, 2.0, seed)
    weight, fitted = (np.log(one(prob, equal)) for one in (matching_weight, fitted_weight))
    assert np.isfinite(fitted).all()
    assert fitted.mean() == pytest.approx(0, abs=1e-9)
    assert (np.abs(weight) <= np.abs(fitted)).all()
    assert (weight * fitted >= 0).all()
    if rows <= 2:
        np.testing.assert_array_equal(weight, 0)


def test_numbers_per_class_by_chance_cost_little() -> None:
    """With three rows per class on average, whose numbers differ by chance, and no preference for a class."""
    rng, classes, lost = np.random.default_rng(0), 60, []
    for seed in range(20):
        label = rng.integers(0, classes, 180)
        prob = answers(label, classes, 2.5, seed)
        right = [
            (reweighted(prob, one(prob, np.full(classes, 1 / classes))).argmax(1) == label).mean()
            for one in (matching_weight, fitted_weight)
        ]
        lost.append((prob.argmax(1) == label).mean() - right)
    shrunk, full = np.mean(lost, axis=0)
    assert shrunk < 0.01
    assert shrunk < full / 2


def test_the_variance_by_chance_is_that_of_sampled_rows() -> None:
    """Certain predictions of rows whose classes are random; with many rows per class it is one over their number."""
    rng, frequencies = np.random.default_rng(0), np.array([0.5, 0.3, 0.2, 0.0])
    found = chance_variance(frequencies, 40)
    counts = rng.poisson(40 * frequencies, (100_000, 4))
    least = 0.03 / 4
    sampled = np.log((counts / 40 + least) / (frequencies + least)).var(axis=0)
    np.testing.assert_allclose(found[:3], sampled[:3], rtol=0.03)
    assert found[3] == 0
    np.testing.assert_allclose(chance_variance(np.full(4, 0.25), 40_000), 1e-4, rtol=0.1)


def test_a_class_without_rows_keeps_its_weight() -> None:
    prob = preferring(np.arange(4000) % 5, 5)
    frequencies = np.array([0.25, 0.25, 0.25, 0.25, 0.0])
    weight = matching_weight(prob, frequencies)
    assert weight[4] == 1
    assert weight[0] > weight[3]


def test_without_rows_there_is_no_gain() -> None:
    nothing = np.zeros((0, 5), dtype=np.float32)
    assert matching_gain(Reference(nothing, nothing, np.zeros(0, dtype=np.int64)), 10) is None


def test_few_test_rows_per_class_show_no_gain() -> None:
    label = np.arange(600) % 5
    prob = preferring(label, 2)
    reference = Reference(prob, prob, label)
    assert matching_gain(reference, 5 * FEWEST_PER_CLASS - 1) is None
    assert matching_gain(reference, 5 * FEWEST_PER_CLASS) is not None


def test_a_random_part_of_equal_classes_is_not_split_by_class() -> None:
    """Its test rows have more of the classes of which it has fewer, so its frequencies are not theirs."""
    rng, label = np.random.default_rng(0), np.repeat(np.arange(136), 20)
    assert _is_even(np.repeat(np.arange(136), rng.integers(18, 22, 136)))
    for share in (0.5, 0.6, 0.8):
        assert not _is_even(label[rng.random(len(label)) < share])
