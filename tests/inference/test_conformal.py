"""Prediction sets: coverage within its theory, scores against a slow version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import betabinom

from sketchfit.inference import conformal, set_rule

Draw = Callable[..., Any]


@pytest.mark.parametrize("score", ["lac", "aps", "raps"])
@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_coverage_on_held_out_rows_is_within_its_theory(
    draw_members: Draw, score: set_rule.Score, coverage: float
) -> None:
    # Given the calibration rows, coverage is Beta(k, n + 1 - k) with k = ⌈(n + 1) · coverage⌉ (Vovk 2012).
    place = int(np.ceil(501 * coverage - 1e-9))
    low, high = betabinom(3000, place, 501 - place).ppf([0.005, 0.995]) / 3000
    outside, mean = 0, 0.0
    for seed in range(30):
        (prob,), label = draw_members(np.random.default_rng(seed), 3500, 8, [1.5])
        rule = conformal.calibrate(prob[:500], label[:500], coverage, score)
        held = (set_rule.scores(prob[500:], score)[np.arange(3000), label[500:]] <= rule.threshold + 1e-9).mean()
        outside += not low <= held <= high
        mean += held / 30
    assert outside <= 2  # 99 % ranges
    assert coverage - 0.006 <= mean <= coverage + 1 / 501 + 0.006


@given(st.integers(0, 10_000))
def test_scores_are_the_slow_versions(seed: int) -> None:
    prob = np.random.default_rng(seed).dirichlet(np.ones(8), 4)
    for row, p in enumerate(prob):
        order = sorted(range(8), key=lambda c: -p[c])
        for place, c in enumerate(order):
            total = sum(p[order[: place + 1]])
            assert set_rule.scores(prob, "lac")[row, c] == pytest.approx(1 - p[c])
            assert set_rule.scores(prob, "aps")[row, c] == pytest.approx(total)
            assert set_rule.scores(prob, "raps")[row, c] == pytest.approx(total + 0.01 * max(place + 1 - 5, 0))


def test_the_threshold_by_hand() -> None:
    prob = np.column_stack([np.arange(1, 10) / 10, 1 - np.arange(1, 10) / 10])
    label = np.zeros(9, dtype=int)  # LAC scores 0.9, 0.8 … 0.1; the 8th smallest of 9 for ceil(10 * 0.8)
    assert conformal.calibrate(prob, label, 0.8).threshold == pytest.approx(0.8)
    assert conformal.calibrate(prob, label, 0.95).threshold == np.inf
    assert conformal.calibrate(prob, label, 0.95).sets(prob).all()


def _by_drawers(rng: np.random.Generator, drawers: int, ease: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One drawing per drawer and class, sorted by class; classes differ in how easy they are."""
    label, group = np.repeat(np.arange(len(ease)), drawers), np.tile(np.arange(drawers), len(ease))
    logits = rng.normal(size=(len(label), len(ease)))
    logits[np.arange(len(label)), label] += ease[label] + rng.normal(0, 0.3, drawers)[group]
    return softmax(logits, axis=1), label, group


def test_coverage_where_each_drawer_drew_all_classes() -> None:
    covered, printed = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        ease = rng.uniform(1, 6, 20)
        (prob, label, group), (new, true, _) = (_by_drawers(rng, 40, ease) for _ in range(2))
        rule = conformal.calibrate(prob, label, 0.9, "lac", group)
        assert rule.n == 40
        covered.append(rule.sets(new)[np.arange(len(true)), true].mean())
        printed.append(conformal.cross_coverage(prob, label, group % 5, 0.9, "lac", group).coverage.value)
    assert min(covered) > 0.87
    assert 0.9 < np.mean(covered) < 0.95
    assert np.mean(printed) == pytest.approx(np.mean(covered), abs=0.02)


@given(st.integers(0, 10_000), st.sampled_from(["lac", "aps", "raps"]))
def test_the_order_of_rows_does_not_matter(seed: int, score: set_rule.Score) -> None:
    rng = np.random.default_rng(seed)
    prob, label, group = _by_drawers(rng, 12, rng.uniform(1, 6, 5))
    group[rng.random(len(group)) < 0.5] = 3
    order = rng.permutation(len(label))
    rule = conformal.calibrate(prob, label, 0.9, score, group)
    assert rule == conformal.calibrate(prob[order], label[order], 0.9, score, group[order])


@given(st.integers(0, 10_000), st.integers(1, 60), st.sampled_from([0.5, 0.8, 0.9, 0.95]))
def test_rows_alone_are_independent_rows(seed: int, rows: int, coverage: float) -> None:
    rng = np.random.default_rng(seed)
    prob, label = rng.dirichlet(np.ones(4), rows), rng.integers(0, 4, rows)
    place = int(np.ceil((rows + 1) * coverage - 1e-9))
    own = np.sort(1 - prob[np.arange(rows), label])
    alone = conformal.calibrate(prob, label, coverage, "lac", rng.permutation(rows))
    assert alone == conformal.calibrate(prob, label, coverage, "lac")
    assert alone.threshold == (own[place - 1] if place <= rows else np.inf)


def test_a_group_counts_as_one_row() -> None:
    prob = np.column_stack([np.arange(1, 10) / 10, 1 - np.arange(1, 10) / 10])
    label = np.zeros(9, dtype=int)
    copied = np.repeat(np.arange(9), [1, 7, 1, 2, 1, 1, 3, 1, 5])
    rule = conformal.calibrate(prob[copied], label[copied], 0.8, "lac", copied)
    assert rule == conformal.calibrate(prob, label, 0.8)


def test_the_first_class_is_in_every_set() -> None:
    rule = set_rule.ConformalSets("lac", 0.3, 0.8, 100)
    prob = np.array([[0.6, 0.4], [0.8, 0.2]])
    assert rule.sets(prob).tolist() == [[True, False], [True, False]]


def test_cross_coverage(draw_members: Draw) -> None:
    (prob,), label = draw_members(np.random.default_rng(0), 3000, 8, [2.0])
    report = conformal.cross_coverage(prob, label, np.arange(3000) % 5, 0.9)
    assert report.coverage.low <= 0.9 <= report.coverage.high
    assert 1 < report.mean_size < 8
    wider = conformal.cross_coverage(prob, label, np.arange(3000) % 5, 0.98)
    assert wider.mean_size > report.mean_size
    assert wider.singletons < report.singletons
    with pytest.raises(ValueError, match="coverage"):
        conformal.calibrate(prob, label, 1.0)


def test_cross_coverage_calibrates_on_the_other_fold() -> None:
    prob = np.repeat([[0.9, 0.1], [0.4, 0.6]], 50, axis=0)
    label, fold = np.zeros(100, dtype=int), np.repeat([0, 1], 50)
    # the easy fold gets the hard one's wide sets, the hard fold the easy one's narrow sets: all and none are covered
    report = conformal.cross_coverage(prob, label, fold, 0.9)
    assert report.coverage.value == 0.5
    assert report.mean_size == 1
