"""Greedy selection against an exhaustive search and a slow greedy one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.config.ensemble import EnsembleSection
from sketchfit.inference import metrics
from sketchfit.inference.ensembling.margins import Margins
from sketchfit.inference.ensembling.methods import ensembling
from sketchfit.inference.ensembling.methods.greedy import AccuracySearch, LogLossSearch, select
from sketchfit.inference.ensembling.rule import Rule, own_probability

Draw = Callable[..., Any]


def exhaustive(members: list[np.ndarray], label: np.ndarray, size: int, score: Callable[..., float]) -> float:
    """The best score of any mean of up to `size` members, the same one as often as it likes."""
    return max(
        score(np.mean([members[m] for m in picked], axis=0), label)
        for length in range(1, size + 1)
        for picked in combinations_with_replacement(range(len(members)), length)
    )


@pytest.mark.parametrize("seed", range(8))
def test_log_loss_is_near_the_exhaustive_optimum(draw_members: Draw, seed: int) -> None:
    members, label = draw_members(np.random.default_rng(seed), 60, 4, [0.5, 1.0, 1.5, 1.0])
    own = own_probability(members, label, np.arange(60))
    found = select(LogLossSearch(own), np.arange(4), 6)
    best = exhaustive(members, label, 6, lambda p, y: -metrics.log_loss(p, y))
    single = max(-metrics.log_loss(p, label) for p in members)
    ours = -metrics.log_loss(Rule(found.weights(4)).combine(members), label)
    assert single - 1e-6 <= ours <= best + 1e-6
    assert best - ours < 0.1 * (best - single) + 1e-6
    assert ours == pytest.approx(max(found.path)[0], abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_accuracy_is_near_the_exhaustive_optimum(draw_members: Draw, seed: int) -> None:
    members, label = draw_members(np.random.default_rng(seed), 80, 4, [0.5, 1.0, 1.5, 1.0])
    rows = np.arange(80)
    search = AccuracySearch(Margins.of(members, label, rows), own_probability(members, label, rows))
    found = select(search, np.arange(4), 6)
    best = exhaustive(members, label, 6, metrics.top_k_accuracy)
    ours = metrics.top_k_accuracy(Rule(found.weights(4)).combine(members), label)
    assert ours == pytest.approx(max(found.path)[0])
    assert max(metrics.top_k_accuracy(p, label) for p in members) <= ours <= best
    assert best - ours <= 2 / 80


def test_each_step_is_the_best_one(draw_members: Draw) -> None:
    members, label = draw_members(np.random.default_rng(3), 300, 5, [0.5, 0.8, 1.0, 1.2, 0.9])
    rows = np.arange(300)
    search = AccuracySearch(Margins.of(members, label, rows), own_probability(members, label, rows))
    found = select(search, np.arange(5), 12)
    total = np.zeros_like(members[0], dtype=np.float64)
    for step, member in enumerate(found.chosen):
        means = [(total + prob) / (step + 1) for prob in members]
        scores = [(metrics.top_k_accuracy(p, label), -metrics.log_loss(p, label)) for p in means]
        assert member == max(range(5), key=scores.__getitem__)
        assert found.path[step] == pytest.approx(scores[member], abs=1e-6)
        total += members[member]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000), st.integers(1, 5), st.booleans())
def test_margins_count_what_whole_tables_count(seed: int, members: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 4, 40)
    probs = [rng.dirichlet(np.ones(4), 40) for _ in range(members)]
    if ties:
        probs = [np.eye(4)[p.argmax(1)] for p in probs]
    rows = np.sort(rng.permutation(40)[:30])
    margins = Margins.of(probs, label, rows)
    sums, total = margins.zeros(), np.zeros((30, 4))
    for _ in range(4):
        right = margins.right_with(sums, np.arange(members))
        for member, prob in enumerate(probs):
            p = np.float32(total + prob[rows])
            own = p[np.arange(30), label[rows]][:, None]
            others = np.delete(np.arange(4)[None].repeat(30, 0), label[rows] + 4 * np.arange(30)).reshape(30, 3)
            assert right[member] == (np.take_along_axis(p, others, 1) < own).all(1).sum()
        added = int(rng.integers(members))
        margins.add(sums, added)
        total += probs[added][rows]


def test_margins_over_many_blocks(draw_members: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    members, label = draw_members(np.random.default_rng(0), 200, 5, [1.0, 1.0])
    whole = Margins.of(members, label, np.arange(200))
    monkeypatch.setattr("sketchfit.inference.ensembling.margins._BLOCK_BYTES", 500)
    parts = Margins.of(members, label, np.arange(200))
    assert len(parts.blocks) > 10
    assert (parts.right_with(parts.zeros(), np.arange(2)) == whole.right_with(whole.zeros(), np.arange(2))).all()


def test_perfect_and_hopeless_members() -> None:
    label = np.array([0, 1, 2])
    for prob, right in ((np.eye(3), 3), (np.eye(3)[[1, 2, 0]], 0)):
        margins = Margins.of([prob], label, np.arange(3))
        assert margins.blocks == ()
        assert margins.right_with(margins.zeros(), np.array([0])).tolist() == [right]


@pytest.mark.parametrize("name", ["greedy", "greedy-log-loss"])
def test_bags_spread_the_weight(draw_members: Draw, name: str) -> None:
    members, label = draw_members(np.random.default_rng(5), 300, 5, [1.0] * 10)
    rows = np.arange(300)
    method = ensembling.get(name)
    one = method(EnsembleSection(greedy_bags=1, greedy_bag_share=1.0), 0)(members, label, rows)
    many = method(EnsembleSection(), 0)(members, label, rows)
    for rule in (one, many):
        assert rule.weights.sum() == pytest.approx(1)
        assert rule.weights.min() >= 0
    assert (many.weights > 0).sum() >= (one.weights > 0).sum()
    assert many.weights.max() <= one.weights.max() + 0.05
    again = method(EnsembleSection(), 0)(members, label, rows)
    assert (again.weights == many.weights).all()


def test_a_tie_with_the_true_class_counts_as_wrong() -> None:
    margins = Margins.of([np.array([[0.5, 0.5]]), np.array([[0.6, 0.4]])], np.array([0]), np.arange(1))
    sums = margins.zeros()
    assert margins.right_with(sums, np.arange(2)).tolist() == [0, 1]
    margins.add(sums, 0)
    assert margins.right_with(sums, np.arange(2)).tolist() == [0, 1]
