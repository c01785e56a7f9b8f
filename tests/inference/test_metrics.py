"""Metrics against scikit-learn, slow versions and figures worked out by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss as sklearn_log_loss
from sklearn.metrics import top_k_accuracy_score

from sketchfit.inference import metrics


def random_case(seed: int, rows: int = 60, classes: int = 7) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(classes, 0.4), size=rows), rng.integers(0, classes, rows)


def test_ranks_of_a_row_with_ties() -> None:
    prob = np.array([[0.4, 0.4, 0.2, 0.0]] * 4)
    assert metrics.ranks(prob, np.arange(4)).tolist() == [0, 1, 2, 3]
    assert metrics.top_k_accuracy(prob, np.arange(4), 2) == 0.5


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_ranks_are_the_place_in_a_stable_sort(seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    prob = rng.integers(0, levels + 1, size=(20, 5)) / levels
    label = rng.integers(0, 5, 20)
    order = np.argsort(-prob, axis=1, kind="stable")
    assert metrics.ranks(prob, label).tolist() == [list(o).index(y) for o, y in zip(order, label, strict=True)]
    assert metrics.top_k_accuracy(prob, label) == (prob.argmax(1) == label).mean()


@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_and_log_loss_are_scikit_learns(k: int) -> None:
    prob, label = random_case(3)
    assert metrics.top_k_accuracy(prob, label, k) == top_k_accuracy_score(label, prob, k=k, labels=range(7))
    assert metrics.log_loss(prob, label) == pytest.approx(sklearn_log_loss(label, prob, labels=range(7)), rel=1e-6)


def test_a_certain_mistake_costs_a_finite_sum() -> None:
    assert metrics.log_loss(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(-np.log(1e-12))


def test_macro_f1_by_hand() -> None:
    prob = np.eye(3)[[0, 0, 1, 1]]
    # class 0: precision 1/2, recall 1; class 1: precision 1/2, recall 1/2; class 2: never predicted
    assert metrics.macro_f1(prob, np.array([0, 1, 1, 2])) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)


def slow_ece(prob: np.ndarray, label: np.ndarray, edges: np.ndarray) -> float:
    confidence, total = prob.max(1), 0.0
    for low, high in itertools.pairwise(edges):
        inside = [i for i in range(len(label)) if low < confidence[i] <= high]
        if inside:
            right = sum(prob[i].argmax() == label[i] for i in inside) / len(inside)
            total += len(inside) / len(label) * abs(right - sum(confidence[i] for i in inside) / len(inside))
    return total


@given(st.integers(0, 10_000), st.integers(1, 20))
def test_ece_is_the_slow_versions(seed: int, bins: int) -> None:
    prob, label = random_case(seed)
    assert metrics.ece(prob, label, bins) == pytest.approx(slow_ece(prob, label, np.arange(bins + 1) / bins))
    confidence = np.sort(prob.max(1))
    if len(confidence) % bins == 0:  # equal runs: edges between the last of one and the first of the next
        cuts = confidence[len(confidence) // bins :: len(confidence) // bins]
        edges = np.concatenate([[-1.0], np.nextafter(cuts[: bins - 1], 0), [2.0]])
        assert metrics.ece(prob, label, bins, by="mass") == pytest.approx(slow_ece(prob, label, edges))


@given(st.integers(1, 200), st.integers(1, 20))
def test_bins_of_equal_mass_differ_by_at_most_one_row(rows: int, bins: int) -> None:
    confidence = np.random.default_rng(rows).integers(0, 3, rows) / 2
    place = metrics.bin_of(confidence, bins, "mass")
    counts = np.bincount(place, minlength=bins)
    assert counts.max() - counts.min() <= 1
    assert (np.diff(place[np.argsort(confidence, kind="stable")]) >= 0).all()


def test_calibrated_probabilities_have_a_small_ece_and_overconfident_ones_their_excess() -> None:
    rng = np.random.default_rng(0)
    prob = rng.dirichlet(np.ones(4), size=40_000)
    label = (rng.random((40_000, 1)) > prob.cumsum(1)).sum(1)
    assert metrics.ece(prob, label) < 0.01
    certain = np.eye(4)[prob.argmax(1)]
    assert metrics.ece(certain, label) == pytest.approx(1 - metrics.top_k_accuracy(prob, label))


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="needed"):
        metrics.ranks(np.ones((3, 2)), np.zeros(2, dtype=int))
    with pytest.raises(ValueError, match="NaN"):
        metrics.top_k_accuracy(np.array([[np.nan, np.nan]]), np.array([1]))
    with pytest.raises(ValueError, match="no row"):
        metrics.log_loss(np.ones((0, 2)), np.zeros(0, dtype=int))
