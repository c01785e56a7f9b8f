"""p-values of images of unknown classes: by hand, and the rate that they promise on rows nobody has used."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from sketchfit.errors import UserError
from sketchfit.inference.unknown import SCORES, Rejection, UnknownTest, check_rejection

RATE = 0.1


def two(*first: float) -> np.ndarray:
    """Probabilities of two classes: those of the first one are given."""
    return np.stack([np.array(first), 1 - np.array(first)], axis=1)


def rejected(test: UnknownTest, new: np.ndarray) -> float:
    """The share of new images that are rejected."""
    return float(Rejection.at(test.p_values(new), RATE).rejected.mean())


def test_p_values_by_hand() -> None:
    test = UnknownTest.fit(two(0.9, 0.8, 0.6), score="least-confidence")  # scores 0.1, 0.2, 0.4
    assert test.p_values(two(0.95, 0.85, 0.6, 0.5)) == pytest.approx([1.0, 0.75, 0.5, 0.25])
    assert (test.families, test.smallest) == (3, 0.25)


def test_a_family_counts_as_one_row() -> None:
    test = UnknownTest.fit(two(0.6, 0.9, 0.6, 0.8), np.array([5, 7, 5, 5]), score="least-confidence")
    # Family 5 has two of three rows that score 0.4, family 7 scores 0.1.
    assert test.p_values(two(0.6, 0.85)) == pytest.approx([(1 + 2 / 3) / 3, (1 + 1) / 3])
    assert test.smallest == pytest.approx(1 / 3)


def test_a_share_of_independent_families_lowers_the_weights_and_nothing_else() -> None:
    test = UnknownTest.fit(two(0.9, 0.8, 0.7, 0.6), score="least-confidence", share=0.5)
    assert test.families == 2
    assert test.p_values(two(0.65, 0.95)) == pytest.approx([(1 + 0.5) / 3, 1.0])


def test_ties_are_not_rejected() -> None:
    assert UnknownTest.fit(np.full((99, 2), 0.5)).p_values(np.full((1, 2), 0.5)) == [1.0]


def test_rejection() -> None:
    found = Rejection.at(np.array([0.049, 0.1 + 0.2, 0.31, np.nan]), 0.3)
    assert found.rejected.tolist() == [True, True, False, False]


@pytest.mark.parametrize(("labels", "names"), [(("0", "unknown"), ("a", "b")), (("0", "1"), ("unknown", "b"))])
def test_a_class_must_not_be_called_as_rejected_images_are(labels: tuple[str, ...], names: tuple[str, ...]) -> None:
    test = UnknownTest.fit(np.full((19, 2), 0.5))
    with pytest.raises(UserError, match="unknown"):
        check_rejection(test, 0.05, labels, names)
    check_rejection(test, 0.05, ("0", "1"), ("a", "b"))


def test_a_rate_must_be_possible() -> None:
    test = UnknownTest.fit(np.full((3, 2), 0.5))  # the smallest p-value is 1 of 4
    check_rejection(test, 0.25, ("0", "1"), ("a", "b"))
    for rate in (0.2, 0.0, 1.0, float("nan")):
        with pytest.raises(UserError):
            check_rejection(test, rate, ("0", "1"), ("a", "b"))


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.floats(-5, 5), st.integers(0, 6)), min_size=1, max_size=30),
    st.lists(st.floats(-6, 6), min_size=1, max_size=5),
)
def test_p_values_are_a_slow_count(rows: list[tuple[float, int]], images: list[float]) -> None:
    score, group = np.array([one for one, _ in rows]), np.array([family for _, family in rows])
    families = np.unique(group)
    slow = [(1 + sum((score[group == g] >= image).mean() for g in families)) / (1 + len(families)) for image in images]
    assert UnknownTest.of_scores(score, group).p_values_of(np.array(images)) == pytest.approx(slow)


def networks(seed: int, count: int, rows: int = 700) -> list[np.ndarray]:
    """Probabilities of the same drawings of known classes by networks that agree in part."""
    rng, classes = np.random.default_rng([seed, count]), 6
    label = rng.integers(0, classes, rows)
    shared = rng.normal(size=(rows, classes)) + 3 * rng.random((rows, 1)) * np.eye(classes)[label]
    return [softmax(shared + rng.normal(size=shared.shape), axis=1) for _ in range(count)]


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("count", [1, 4])
def test_the_rate_holds_on_new_images_of_known_classes(score: str, count: int) -> None:
    found, naive = [], []
    for seed in range(40):
        by_network = networks(seed, count)
        average = np.mean(by_network, axis=0)
        found.append(rejected(UnknownTest.fit(average[:200], score=score), average[200:]))
        single = np.concatenate([one[:200][np.arange(200) % count == k] for k, one in enumerate(by_network)])
        naive.append(rejected(UnknownTest.fit(single, score=score), average[200:]))
    error = np.std(found) / np.sqrt(len(found))
    assert RATE - 2 * error - 1 / 201 <= np.mean(found) <= RATE + 2 * error
    if count > 1:  # the average of networks is no draw from the scores of single ones
        assert np.mean(naive) > RATE + 2 * error


def test_unknown_images_in_the_reference_only_lower_the_rate() -> None:
    rng, found = np.random.default_rng(0), []
    for seed in range(40):
        (prob,) = networks(seed, 1)
        reference = np.concatenate([prob[:160], rng.dirichlet(np.full(6, 5.0), 40)])
        found.append(rejected(UnknownTest.fit(reference), prob[200:]))
    assert np.mean(found) < RATE - 2 * np.std(found) / np.sqrt(len(found))


def test_related_rows_do_not_break_the_rate() -> None:
    # 40 families of 1 or 12 rows, large ones easy; new images are of new families, each size as likely.
    counted, by_row = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        size = np.where(rng.random(240) < 0.5, 1, 12)
        level = rng.normal(size=240) - 1.5 * (size == 12)
        group = np.repeat(np.arange(40), size[:40])
        confidence = 1 / (1 + np.exp(level[group] + 0.1 * rng.normal(size=len(group)) - 1)) / 2 + 0.5
        new = two(*(1 / (1 + np.exp(level[40:] - 1)) / 2 + 0.5))
        for groups, into in ((group, counted), (None, by_row)):
            into.append(rejected(UnknownTest.fit(two(*confidence), groups, score="least-confidence"), new))
    error = np.std(counted) / np.sqrt(len(counted))
    assert np.mean(counted) <= RATE + 2 * error
    assert np.mean(by_row) > RATE + 0.05
