"""p-values of images of unknown classes: by hand, and the rate that they promise on rows nobody has used."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from sketchfit.inference.unknown import SCORES, KnownScores, Rejection, UnknownTest


def two(*first: float) -> np.ndarray:
    """Probabilities of two classes: those of the first one are given."""
    return np.stack([np.array(first), 1 - np.array(first)], axis=1)


def test_p_values_of_one_network_by_hand() -> None:
    test = UnknownTest.fit([two(0.9, 0.8, 0.6)], score="least-confidence")  # scores 0.1, 0.2, 0.4
    assert test.p_values([two(0.95, 0.85, 0.6, 0.5)]) == pytest.approx([1.0, 0.75, 0.5, 0.25])
    assert (test.families, test.smallest) == (3, 0.25)


def test_each_network_is_compared_with_its_own_rows() -> None:
    test = UnknownTest.fit([two(0.9, 0.8), two(0.7, 0.6)], score="least-confidence")
    # The first network finds both of its rows less odd, the second one finds both of its rows odder.
    assert test.p_values([two(0.75), two(0.75)]) == pytest.approx([(1 + 0 + 2) / 5])


def test_a_family_counts_as_one_row() -> None:
    test = UnknownTest.fit([two(0.6, 0.9, 0.6, 0.8)], [np.array([5, 7, 5, 5])], score="least-confidence")
    # Family 5 has two of three rows that score 0.4, family 7 scores 0.1.
    assert test.p_values([two(0.6, 0.85)]) == pytest.approx([(1 + 2 / 3) / 3, (1 + 1) / 3])
    assert test.smallest == pytest.approx(1 / 3)


def test_rows_that_are_held_out_in_several_repeats_count_once() -> None:
    once = UnknownTest.fit([two(0.9, 0.8)], score="least-confidence")
    twice = UnknownTest.fit([two(0.9, 0.8), two(0.9, 0.8)], score="least-confidence", repeats=2)
    image = two(0.85)
    assert twice.p_values([image, image]) == once.p_values([image])
    assert twice.smallest == once.smallest


def test_ties_are_not_rejected() -> None:
    test = UnknownTest.fit([np.full((99, 2), 0.5)])
    assert test.p_values([np.full((1, 2), 0.5)]) == [1.0]


def test_rejected() -> None:
    found = Rejection.at(np.array([0.049, 0.1 + 0.2, 0.31, np.nan]), 0.3)
    assert found.rejected.tolist() == [True, True, False, False]


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.floats(-5, 5), st.integers(0, 6)), min_size=1, max_size=30),
    st.lists(st.floats(-6, 6), min_size=1, max_size=5),
)
def test_weights_are_a_slow_count(rows: list[tuple[float, int]], images: list[float]) -> None:
    score, group = np.array([one for one, _ in rows]), np.array([family for _, family in rows])
    known = KnownScores.of(score, group)
    slow = [sum((score[group == g] >= image).mean() for g in np.unique(group)) for image in images]
    assert known.at_least(np.array(images)) == pytest.approx(slow)
    assert known.families == pytest.approx(len(np.unique(group)))


def rejected(test: UnknownTest, new: list[np.ndarray]) -> float:
    """The share of new images that are rejected at a rate of 10 %."""
    return float(Rejection.at(test.p_values(new), 0.1).rejected.mean())


def folds_of(
    rng: np.random.Generator, rows: int, images: int, networks: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Probabilities of each network's held-out rows, and of the same new images: networks agree in part."""
    classes, total = 6, rows + images
    label = rng.integers(0, classes, total)
    shared = rng.normal(size=(total, classes)) + 3 * rng.random((total, 1)) * np.eye(classes)[label]
    prob = [softmax(shared + rng.normal(size=shared.shape), axis=1) for _ in range(networks)]
    own = np.arange(rows) % networks
    return [one[:rows][own == k] for k, one in enumerate(prob)], [one[rows:] for one in prob]


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("networks", [1, 4])
def test_at_most_the_rate_of_new_known_images_is_rejected(score: str, networks: int) -> None:
    share, naive = [], []
    for seed in range(40):
        held, new = folds_of(np.random.default_rng([seed, networks]), 200, 500, networks)
        share.append(rejected(UnknownTest.fit(held, score=score), new))
        pooled = UnknownTest.fit([np.concatenate(held)], score=score)
        naive.append(rejected(pooled, [np.mean(new, axis=0)]))
    error = np.std(share) / np.sqrt(len(share))
    assert np.mean(share) <= 0.1 + 2 * error
    if networks == 1:
        assert np.mean(share) >= 0.1 - 2 * error - 1 / 201
    else:  # the average of networks is no draw from the scores of single ones
        assert np.mean(naive) > 0.1 + 2 * error


def test_related_rows_do_not_break_the_rate() -> None:
    # 40 families of 1 to 12 rows, large ones easy; new images are of new families, each size as likely.
    counted, by_row = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        size = np.where(rng.random(240) < 0.5, 1, 12)
        level = rng.normal(size=240) - 1.5 * (size == 12)
        group = np.repeat(np.arange(40), size[:40])
        confidence = 1 / (1 + np.exp(level[group] + 0.1 * rng.normal(size=len(group)) - 1)) / 2 + 0.5
        new = two(*(1 / (1 + np.exp(level[40:] - 1)) / 2 + 0.5))
        for groups, into in (([group], counted), (None, by_row)):
            test = UnknownTest.fit([two(*confidence)], groups, score="least-confidence")
            into.append(rejected(test, [new]))
    error = np.std(counted) / np.sqrt(len(counted))
    assert np.mean(counted) <= 0.1 + 2 * error
    assert np.mean(by_row) > 0.15
