"""Heads in closed form: against explicit refits by scikit-learn, with and without further rows removed."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import Ridge as Reference

from sketchfit.bank import heads
from sketchfit.bank.heads import Ridge, choose_strength

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


def sample(rows: int = 60, columns: int = 8, classes: int = 4, seed: int = 0) -> tuple[Floats, Rows]:
    """Features that depend on the class, with a mean that is not 0."""
    rng = np.random.default_rng(seed)
    label = np.arange(rows, dtype=np.int64) % classes
    centre = rng.normal(size=(classes, columns))
    features = 0.7 + centre[label] + rng.normal(size=(rows, columns))
    return features.astype(np.float32), label


def penalty(features: Floats, strength: float) -> float:
    """The penalty of the fit on all rows; a refit without some rows keeps it."""
    return strength * float(np.square(features - features.mean(0)).sum(1).mean())


def reference(features: Floats, label: Rows, classes: int, alpha: float) -> Callable[[Floats], Floats]:
    """Fit by scikit-learn, which does not penalise the intercept either."""
    targets = np.where(label[:, None] == np.arange(classes), 1.0, -1.0)
    fitted = Reference(alpha, solver="cholesky").fit(features.astype(np.float64), targets)
    return lambda other: fitted.predict(other.astype(np.float64)).astype(np.float32)


@pytest.mark.parametrize("columns", [8, 90])  # fewer and more than there are rows
@pytest.mark.parametrize("strength", [0.01, 1.0])
def test_a_head_on_all_rows_is_that_of_scikit_learn(columns: int, strength: float) -> None:
    features, label = sample(columns=columns)
    head, other = Ridge.of(features, label, 4, strength).head, sample(9, columns, seed=5)[0]
    expected = reference(features, label, 4, penalty(features, strength))(other)
    assert head.scores(other) == pytest.approx(expected, abs=1e-4)
    assert head.scores(other).dtype == np.float32
    assert (head.scores(features).argmax(1) == label).mean() > 0.6


SIZES = [1, 3, 30, 55]
"""Numbers of rows that are left out of 60: by a small system for the first two, by the normal equations for others."""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("columns", [8, 90])
def test_held_out_rows_have_the_scores_of_an_explicit_refit(size: int, columns: int) -> None:
    features, label = sample(columns=columns)
    rows = np.random.default_rng(size).permutation(60)[:size].astype(np.int64)
    rest = np.setdiff1d(np.arange(60), rows)
    found = Ridge.of(features, label, 4, 0.1).held_out(rows)
    expected = reference(features[rest], label[rest], 4, penalty(features, 0.1))(features[rows])
    assert found == pytest.approx(expected, abs=1e-4)
    head = Ridge.of(features, label, 4, 0.1).without(rows)
    assert head.scores(features[rows]) == pytest.approx(expected, abs=1e-4)


@settings(max_examples=30)
@given(st.data())
def test_further_rows_can_be_removed(data: st.DataObject) -> None:
    features, label = sample(40, columns=data.draw(st.sampled_from([3, 30])))
    order = np.array(data.draw(st.permutations(range(40))), dtype=np.int64)
    held = data.draw(st.integers(1, 20))
    rows, removed = order[:held], order[data.draw(st.integers(0, held)) : data.draw(st.integers(held, 38))]
    rest = np.setdiff1d(order, np.union1d(rows, removed))
    found = Ridge.of(features, label, 4, 0.3).held_out(rows, removed)
    expected = reference(features[rest], label[rest], 4, penalty(features, 0.3))(features[rows])
    assert found == pytest.approx(expected, abs=2e-4)


def test_both_ways_agree_for_many_sets() -> None:
    features, label = sample(200, 20)
    sets = [np.flatnonzero(np.arange(200) % 50 == group) for group in range(50)]
    system = Ridge.of(features, label, 4, 0.03)
    for rows in sets:
        assert system.held_out(rows) == pytest.approx(system.without(rows).scores(features[rows]), abs=1e-4)


@pytest.mark.parametrize("grouped", [False, True])
def test_left_out_is_held_out_of_each_group(grouped: bool) -> None:
    features, label = sample()
    group = np.array([7, 3, 3, 9, 9, 9, *range(20, 74)]) if grouped else None
    system = Ridge.of(features, label, 4, 0.1)
    found = system.left_out(group)
    number = np.arange(60) if group is None else group
    for value in np.unique(number):
        rows = np.flatnonzero(number == value)
        assert found[rows] == pytest.approx(system.held_out(rows), abs=1e-5)


def test_a_class_without_rows_has_score_minus_one() -> None:
    features, label = sample()
    found = Ridge.of(features, label, 4, 0.1).held_out(np.flatnonzero(label == 2))
    assert found[:, 2] == pytest.approx(-np.ones(15), abs=1e-4)
    assert (found[:, [0, 1, 3]] > -0.999).any()
    assert Ridge.of(features, label, 6, 0.1).head.scores(features)[:, 4:] == pytest.approx(-np.ones((60, 2)), abs=1e-4)


def test_without_columns_the_scores_are_the_shares_of_the_classes() -> None:
    label = np.array([0, 0, 0, 1], dtype=np.int64)
    head = Ridge.of(np.zeros((4, 0), np.float32), label, 2, 0.1).head
    assert head.scores(np.zeros((1, 0), np.float32)) == pytest.approx(np.array([[0.5, -0.5]]))
    constant = Ridge.of(np.ones((4, 3), np.float32), label, 2, 0.1).head
    assert constant.scores(np.ones((1, 3), np.float32)) == pytest.approx(np.array([[0.5, -0.5]]), abs=1e-5)


def test_impossible_sets_are_refused() -> None:
    features, label = sample()
    system = Ridge.of(features, label, 4, 0.1)
    with pytest.raises(ValueError, match="no row is left"):
        system.held_out(np.arange(60))
    with pytest.raises(ValueError, match="no row is left"):
        system.held_out(np.arange(3), removed=np.arange(60))
    for rows in (np.array([4, 4]), np.array([4] * 40)):
        with pytest.raises(ValueError, match="repeated"):
            system.held_out(rows)
    with pytest.raises(ValueError, match="strength"):
        Ridge.of(features, label, 4, 0.0)


def test_the_strength_has_the_least_error_of_explicit_refits() -> None:
    """Pairs of nearly equal rows: left out one by one, each is predicted by its copy."""
    rng = np.random.default_rng(4)
    label = rng.integers(0, 3, 40).astype(np.int64)
    features = (rng.normal(size=(40, 30)) + 0.5 * np.eye(3)[label] @ rng.normal(size=(3, 30))).astype(np.float32)
    features, label = np.repeat(features, 2, axis=0), np.repeat(label, 2)
    features += rng.normal(size=features.shape).astype(np.float32) * np.float32(0.01)

    def explicit(group: Rows, strength: float) -> float:
        total = 0.0
        for value in np.unique(group):
            rest, rows = np.flatnonzero(group != value), np.flatnonzero(group == value)
            scores = reference(features[rest], label[rest], 3, penalty(features, strength))(features[rows])
            total += float(np.square(scores - np.where(label[rows][:, None] == np.arange(3), 1, -1)).sum())
        return total

    chosen = []
    for group in (np.arange(80), np.repeat(np.arange(40), 2)):
        errors = [explicit(group, strength) for strength in heads.STRENGTHS]
        chosen.append(choose_strength(features, label, 3, group))
        assert chosen[-1] == heads.STRENGTHS[int(np.argmin(errors))]
    assert chosen[0] < chosen[1]
    assert choose_strength(features, label, 3) == chosen[0]


def test_the_squared_error_is_that_of_the_targets() -> None:
    scores = np.array([[0.5, -1.0, 0.0], [1.0, 1.0, -3.0]], np.float32)
    by_hand = ((0.5 - 1) ** 2 + 0 + 1 + 4 + 0 + 4) / 2
    assert heads._squared_error(scores, np.array([0, 1])) == pytest.approx(by_hand)


def test_chunks_and_repetition_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    features, label = sample(100, 12)
    first = Ridge.of(features, label, 4, 0.1).left_out()
    assert np.array_equal(first, Ridge.of(features, label, 4, 0.1).left_out())
    monkeypatch.setattr(heads, "CHUNK", 7)
    chunked = Ridge.of(features, label, 4, 0.1)
    assert chunked.left_out() == pytest.approx(first, abs=1e-5)
    rows = np.arange(50)
    expected = reference(features[50:], label[50:], 4, penalty(features, 0.1))(features[:50])
    assert chunked.held_out(rows) == pytest.approx(expected, abs=1e-4)


def test_memory_does_not_grow_with_the_number_of_sets() -> None:
    features, label = sample(3000, 24, 30)
    rng = np.random.default_rng(0)
    sets = [rng.permutation(3000)[:600] for _ in range(40)]
    tracemalloc.start()
    held = Ridge.of(features, label, 30, 0.1)
    for rows in sets:
        held.held_out(rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.5e6  # a chunk in float64 takes 0.9 MB, the scores of one set 72 KB, those of all 2.9 MB
