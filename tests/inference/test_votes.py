"""Votes: worked-out cases with every kind of tie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import gmean

from sketchfit.inference import votes

A = np.array([[0.6, 0.4, 0.0]])
B = np.array([[0.1, 0.5, 0.4]])
C = np.array([[0.4, 0.3, 0.3]])


def test_means() -> None:
    assert votes.mean([A, B]) == pytest.approx(np.array([[0.35, 0.45, 0.2]]))
    assert votes.mean([A, B], np.array([3.0, 1.0])) == pytest.approx(np.array([[0.475, 0.425, 0.1]]))
    reference = gmean([B, C], axis=0)
    assert votes.geometric_mean([B, C]) == pytest.approx(reference / reference.sum())


def test_a_majority_wins_against_the_mean() -> None:
    sure = np.array([[0.0, 0.0, 1.0]])
    assert votes.hard_vote([A, C, sure]).argmax() == 0
    assert votes.mean([A, C, sure]).argmax() == 2


def test_tied_votes_are_decided_by_the_mean_probability_then_the_lowest_index() -> None:
    assert votes.hard_vote([A, B]).argmax() == 1  # one vote each; means 0.35 and 0.45
    even = [np.array([[0.2, 0.3, 0.5]]), np.array([[0.2, 0.5, 0.3]])]
    assert votes.hard_vote(even).argmax() == 1  # one vote and 0.4 each: the lower index


@given(st.integers(0, 100_000), st.integers(1, 7))
def test_hard_vote_is_a_slow_count(seed: int, members: int) -> None:
    rng = np.random.default_rng(seed)
    probs = [rng.dirichlet(np.ones(4), 10) for _ in range(members)]
    mean = np.mean(probs, axis=0)
    result = votes.hard_vote(probs)
    assert result.sum(1) == pytest.approx(np.ones(10))
    for row in range(10):
        count = np.bincount([p[row].argmax() for p in probs], minlength=4)
        assert result[row].argmax() == max(range(4), key=lambda c: (count[c], mean[row, c]))


def test_a_weighted_vote() -> None:
    assert votes.hard_vote([A, C, B], np.array([1.0, 1.0, 3.0])).argmax() == 1
    assert votes.hard_vote([A, B], np.array([1.0, 0.0])).argmax() == 0


def test_rank_mean_does_not_depend_on_confidence() -> None:
    first, second = np.array([[0.98, 0.01, 0.0, 0.01]]), np.array([[0.1, 0.4, 0.3, 0.2]])
    # points: 3, 1.5, 0, 1.5 and 0, 3, 2, 1
    assert votes.rank_mean([first, second]).argmax() == 1
    assert votes.mean([first, second]).argmax() == 0
    tied = [np.array([[0.6, 0.3, 0.1]]), np.array([[0.45, 0.55, 0.0]])]
    assert votes.rank_mean(tied).argmax() == 0  # 3 points each; means 0.525 and 0.425
    tied = [np.array([[0.5, 0.4, 0.1]]), np.array([[0.3, 0.7, 0.0]])]
    assert votes.rank_mean(tied).argmax() == 1  # 3 points each; means 0.4 and 0.55


def test_labels_as_a_member() -> None:
    prob = votes.from_labels(np.array([2, 0]), 4, 0.7)
    assert prob == pytest.approx(np.array([[0.1, 0.1, 0.7, 0.1], [0.7, 0.1, 0.1, 0.1]]))
    with pytest.raises(ValueError, match="between 0 and 1"):
        votes.from_labels(np.array([0]), 4, 70)


@pytest.mark.parametrize("weights", [[1.0], [-1.0, 2.0], [0.0, 0.0], [np.nan, 1.0]])
def test_wrong_weights_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="2 weights"):
        votes.mean([A, B], np.array(weights))


def test_folds_are_merged_by_their_mean_or_by_votes() -> None:
    networks = [np.array([[0.6, 0.4]]), np.array([[0.55, 0.45]]), np.array([[0.1, 0.9]])]
    soft, hard = votes.combine_folds(networks, "soft"), votes.combine_folds(networks, "hard")
    np.testing.assert_allclose(soft, [[1.25 / 3, 1.75 / 3]], rtol=1e-6)
    assert soft.dtype == hard.dtype == np.float32
    assert hard.argmax() == 0
    weighted = votes.combine_folds(networks, "soft", [1.0, 1.0, 2.0])
    np.testing.assert_allclose(weighted, [[1.35 / 4, 2.65 / 4]], rtol=1e-6)
