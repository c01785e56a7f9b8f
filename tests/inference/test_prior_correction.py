"""The correction for class frequencies: Bayes' rule, and evidence that follows what labels show."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.inference.class_frequencies import ClassFrequencies, Reference, estimate_frequencies
from sketchfit.inference.prior_correction import other_confidence, resampled_gain, reweighted, tempered
from tests.inference.test_class_frequencies import SHIFTED, answers, reference, sampled


def test_weights_by_hand() -> None:
    prob = np.array([[0.5, 0.25, 0.25], [0.1, 0.9, 0.0]], dtype=np.float32)
    found = reweighted(prob, np.array([1.0, 3.0, 1.0]))
    np.testing.assert_allclose(found, [[1 / 3, 1 / 2, 1 / 6], [0.1 / 2.8, 2.7 / 2.8, 0]], rtol=1e-6)
    assert found.dtype == np.float32


def test_equal_weights_change_no_prediction_and_lost_rows_are_unchanged() -> None:
    prob = np.array([[0.0, 1.0], [0.4, 0.6]], dtype=np.float32)
    np.testing.assert_allclose(reweighted(prob, np.ones(2)), prob)
    np.testing.assert_allclose(reweighted(prob, np.array([1.0, 0.0])), [[0, 1], [1, 0]])


def test_a_large_shift_shows_the_gain_that_labels_show() -> None:
    known = reference(2000, skill=1.0)
    test, label = sampled(SHIFTED, 2000, skill=1.0)
    found = estimate_frequencies(known, test)
    gain = resampled_gain(known, found.test, len(test))
    assert gain is not None
    assert gain.helps
    real = (reweighted(test, found.weight).argmax(1) == label).mean() - (test.argmax(1) == label).mean()
    assert gain.value == pytest.approx(real, abs=0.03)
    assert real > 0.02


def test_equal_frequencies_show_no_gain() -> None:
    gain = resampled_gain(reference(400, skill=1.0), np.full(5, 0.2), 300)
    assert gain is not None
    assert not gain.helps


def test_the_gain_is_repeatable_and_counts_families() -> None:
    known = reference(300, skill=1.0)
    first, again = (resampled_gain(known, SHIFTED, 200, seed=4) for _ in range(2))
    assert first == again
    copied = Reference(*(np.repeat(part, 4, 0) for part in (known.prob, known.calibrated, known.label)))
    families = Reference(copied.prob, copied.calibrated, copied.label, np.repeat(np.arange(300), 4))
    wide, narrow = (resampled_gain(one, SHIFTED, 1200) for one in (families, copied))
    assert wide is not None
    assert narrow is not None
    assert wide.high - wide.low > 1.1 * (narrow.high - narrow.low)


def test_too_few_rows_for_evidence() -> None:
    assert resampled_gain(reference(1), np.full(5, 0.2), 10) is None


def test_weights_are_smaller_for_less_confident_test_rows() -> None:
    known, weight = reference(500), np.array([2.0, 1.0, 1.0, 1.0, 0.5])
    same = answers(np.repeat(np.arange(5), [200, 100, 100, 100, 50]), 5, 1.5, 9)
    np.testing.assert_allclose(tempered(weight, known, same), weight, rtol=0.15)
    softer = same**0.5 / (same**0.5).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(tempered(weight, known, softer), weight**0.5, rtol=0.15)
    sharper = same**2 / (same**2).sum(axis=1, keepdims=True)
    np.testing.assert_array_equal(tempered(weight, known, sharper), weight)
    flat = np.full((10, 5), 0.2)
    assert np.abs(np.log(tempered(weight, known, flat))).max() < 0.05


def test_other_drawings_show_in_the_confidence() -> None:
    known, label = reference(800), np.arange(800) % 5
    same = ClassFrequencies(*(np.full(5, 0.2),) * 4, variance=0.0)
    test = answers(np.arange(400) % 5, 5, 1.5, 11)
    assert other_confidence(known.prob, label, [test, test], same) is None
    blurred = answers(np.arange(400) % 5, 5, 0.7, 12)
    found = other_confidence(known.prob, label, [blurred], same)
    assert found == pytest.approx(blurred.max(1).mean() - known.prob.max(1).mean())
    assert found is not None
    assert found < -0.1


def test_frequencies_explain_a_part_of_the_confidence() -> None:
    """One class is easy: more of its drawings make the mean confidence higher, which is no other kind of drawing."""
    label = np.arange(1000) % 2
    prob = np.where((label == 0)[:, None], [0.98, 0.02], [0.4, 0.6])
    test = np.repeat([[0.98, 0.02], [0.4, 0.6]], [360, 40], axis=0)
    known = ClassFrequencies(np.full(2, 0.5), np.array([0.9, 0.1]), np.zeros(2), np.ones(2), 0.5)
    unknown = ClassFrequencies(*(np.full(2, 0.5),) * 4, variance=0.0)
    assert other_confidence(prob, label, [test], known) is None
    assert other_confidence(prob, label, [test], unknown) == pytest.approx(0.152)
