"""Prediction sets: coverage within its theory, scores against a slow version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
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
