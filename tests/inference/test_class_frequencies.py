"""Class frequencies without labels: exact where there is no noise, near 1 where there is no evidence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from sketchfit.inference.class_frequencies import (
    ALPHA,
    Reference,
    _complement,
    estimate_frequencies,
    frequencies_p_value,
)


def rng(*key: int) -> np.random.Generator:
    return np.random.default_rng(key)


def answers(label: np.ndarray, classes: int, skill: float, seed: int) -> np.ndarray:
    """Calibrated probabilities of a classifier with Gaussian scores: the posterior under equal frequencies."""
    score = rng(seed).normal(size=(len(label), classes))
    score[np.arange(len(label)), label] += skill
    return softmax(skill * score, axis=1)


def reference(rows: int, classes: int = 5, skill: float = 1.5, seed: int = 0) -> Reference:
    label = np.arange(rows) % classes
    prob = answers(label, classes, skill, seed)
    return Reference(prob, prob, label)


def sampled(frequencies: np.ndarray, rows: int, skill: float = 1.5, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    label = rng(seed).choice(len(frequencies), size=rows, p=frequencies)
    return answers(label, len(frequencies), skill, seed + 100), label


SHIFTED = np.array([0.4, 0.3, 0.15, 0.1, 0.05])


def test_many_rows_give_the_frequencies() -> None:
    test, label = sampled(SHIFTED, 10_000, skill=2.5)
    own = np.bincount(label, minlength=5) / len(label)
    found = estimate_frequencies(reference(10_000, skill=2.5), test)
    np.testing.assert_allclose(found.test, own, atol=0.015)
    np.testing.assert_allclose(found.training, 0.2)
    np.testing.assert_allclose(found.weight, found.test / 0.2)
    assert found.test.sum() == pytest.approx(1)
    assert found.variance > 0.1


def test_perfect_predictions_are_counted() -> None:
    label = np.arange(600) % 3
    prob = np.eye(3)[label]
    test = np.eye(3)[np.repeat([0, 1, 2], [300, 200, 100])]
    found = estimate_frequencies(Reference(prob, prob, label), test)
    np.testing.assert_allclose(found.test, [1 / 2, 1 / 3, 1 / 6], atol=0.01)


def test_few_rows_stay_near_the_training_frequencies() -> None:
    few = reference(60, classes=20, skill=0.5)
    test = answers(np.arange(40) % 20, 20, 0.5, 7)
    found = estimate_frequencies(few, test)
    assert 0.5 * np.abs(found.test - 0.05).sum() < 0.1  # plain least squares gives about 0.5


def test_intervals_hold_the_rows_own_frequencies() -> None:
    inside = []
    for seed in range(30):
        test, label = sampled(SHIFTED, 300, seed=seed)
        own = np.bincount(label, minlength=5) / len(label)
        found = estimate_frequencies(reference(500, seed=seed + 50), test)
        assert (found.low <= found.test + 1e-9).all()
        assert (found.test <= found.high + 1e-9).all()
        inside.append((found.low <= own) & (own <= found.high))
    assert 0.88 <= np.mean(inside) <= 0.995


def test_false_alarms_and_power() -> None:
    same = [
        frequencies_p_value(reference(300, seed=seed), sampled(np.full(5, 0.2), 200, seed=seed + 1000)[0], seed)
        for seed in range(60)
    ]
    assert np.mean(np.array(same) < ALPHA) <= 0.05
    assert 0.3 < np.mean(same) < 0.9  # independent stratified rows: the p-values are too large
    other = [
        frequencies_p_value(reference(500, seed=seed), sampled(SHIFTED, 300, seed=seed + 2000)[0], seed)
        for seed in range(20)
    ]
    assert np.mean(np.array(other) < ALPHA) >= 0.9


def related(seed: int, families: int, size: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities, labels and families of related rows: what makes a drawing hard is shared by its family."""
    label = np.repeat(np.arange(families) % 5, size)
    shared = np.repeat(rng(seed, 1).normal(size=(families, 5)), size, axis=0)
    score = np.sqrt(0.9) * shared + np.sqrt(0.1) * rng(seed, 2).normal(size=shared.shape)
    score[np.arange(len(label)), label] += 1.5
    return softmax(1.5 * score, axis=1), label, np.repeat(np.arange(families), size)


def test_related_rows_give_no_false_alarms() -> None:
    by_family, by_row = [], []
    for seed in range(60):
        prob, label, group = related(seed, 60)
        test = related(seed + 1000, 40)[0]
        by_family.append(frequencies_p_value(Reference(prob, prob, label, group), test, seed))
        by_row.append(frequencies_p_value(Reference(prob, prob, label), test, seed))
    assert np.mean(np.array(by_family) < ALPHA) <= 0.05
    assert np.mean(np.array(by_row) < ALPHA) > 0.1


def test_related_rows_have_wider_intervals() -> None:
    inside = []
    for seed in range(20):
        prob, label, group = related(seed, 60)
        test, truth, _ = related(seed + 1000, 40)
        own = np.bincount(truth, minlength=5) / len(truth)
        wide, narrow = (estimate_frequencies(Reference(prob, prob, label, one), test) for one in (group, None))
        inside.append((wide.low <= own) & (own <= wide.high))
        assert np.abs(wide.test - own).sum() <= np.abs(narrow.test - own).sum() + 0.02
    assert np.mean(inside) > 0.9


def test_the_p_value_is_repeatable_and_never_zero() -> None:
    test, _ = sampled(np.array([0.9, 0.025, 0.025, 0.025, 0.025]), 500)
    found = [frequencies_p_value(reference(500), test, seed=3) for _ in range(2)]
    assert found == [1 / 1000] * 2


def test_an_absent_class_keeps_a_small_frequency() -> None:
    label = np.arange(600) % 3
    prob = np.eye(3)[label]
    found = estimate_frequencies(Reference(prob, prob, label), np.eye(3)[np.arange(300) % 2])
    assert 0 < found.test[2] < 0.01
    assert found.low[2] == 0
    np.testing.assert_allclose(found.test[:2], 0.5, atol=0.01)


def test_a_class_without_rows_has_no_frequency() -> None:
    label = np.arange(200) % 3
    prob = answers(label, 4, 2.0, 0)
    found = estimate_frequencies(Reference(prob, prob, label), answers(label, 4, 2.0, 1))
    assert found.test[3] == 0
    assert found.weight[3] == 1
    assert found.test.sum() == pytest.approx(1)


@pytest.mark.parametrize("classes", [1, 2])
def test_few_classes(classes: int) -> None:
    prob = answers(np.arange(50) % classes, classes, 2.0, 0)
    found = estimate_frequencies(Reference(prob, prob, np.arange(50) % classes), prob)
    np.testing.assert_allclose(found.test, 1 / classes, atol=0.02)
    constant = np.full((50, classes), 1 / classes)
    unknown = Reference(constant, constant, np.arange(50) % classes)
    np.testing.assert_allclose(estimate_frequencies(unknown, constant).test, 1 / classes, atol=1e-9)
    assert frequencies_p_value(unknown, constant) == 1.0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=2, max_size=8).filter(lambda v: np.linalg.norm(v) > 1e-3))
def test_the_complement_is_orthonormal(values: list[float]) -> None:
    vector = np.array(values)
    basis = _complement(vector)
    assert basis.shape == (len(vector), len(vector) - 1)
    np.testing.assert_allclose(basis.T @ basis, np.eye(len(vector) - 1), atol=1e-9)
    np.testing.assert_allclose(basis.T @ vector, 0, atol=1e-9)
    assert vector[0] == values[0]  # not changed in place


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 7), st.integers(8, 60), st.integers(1, 50))
def test_frequencies_are_frequencies(seed: int, classes: int, rows: int, count: int) -> None:
    label = rng(seed).integers(0, classes, rows)
    prob = rng(seed, 1).dirichlet(np.ones(classes), rows).astype(np.float32)
    test = rng(seed, 2).dirichlet(np.ones(classes), count).astype(np.float32)
    found = estimate_frequencies(Reference(prob, prob, label), test)
    assert found.test.sum() == pytest.approx(1)
    assert (found.test >= 0).all()
    assert ((found.low >= 0) & (found.high <= 1) & (found.low <= found.high)).all()
    assert np.isfinite(found.weight).all()
