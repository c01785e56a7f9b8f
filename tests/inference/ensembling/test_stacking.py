"""Stacking against scikit-learn's logistic regression where both solve the same problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sketchfit.config.ensemble import EnsembleSection
from sketchfit.inference import metrics, votes
from sketchfit.inference.blocks import sampled_rows
from sketchfit.inference.ensembling.methods.stacking import stacking

Draw = Callable[..., Any]


def test_two_classes_are_a_logistic_regression_on_log_odds(draw_members: Draw) -> None:
    members, label = draw_members(np.random.default_rng(0), 400, 2, [1.0, 0.5, 1.5])
    members = [prob.astype(np.float64) for prob in members]
    rule = stacking(EnsembleSection(stacking_strength=1e-6), 0)(members, label, np.arange(400))
    assert rule.bias is not None
    odds = np.stack([np.log(prob[:, 1] / prob[:, 0]) for prob in members], axis=1)
    reference = LogisticRegression(C=1e9, tol=1e-8, max_iter=1000).fit(odds, label)
    assert rule.weights == pytest.approx(reference.coef_[0], abs=2e-3)
    assert rule.bias[1] - rule.bias[0] == pytest.approx(reference.intercept_[0], abs=2e-3)
    assert rule.combine(members) == pytest.approx(reference.predict_proba(odds), abs=1e-3)


def test_the_penalty_pulls_to_the_geometric_mean(draw_members: Draw) -> None:
    members, label = draw_members(np.random.default_rng(1), 100, 5, [1.0, 0.2])
    rule = stacking(EnsembleSection(stacking_strength=1e7), 0)(members, label, np.arange(100))
    assert rule.combine(members) == pytest.approx(votes.geometric_mean(members), abs=1e-4)


def test_a_better_member_weighs_more_and_overconfidence_is_undone(draw_members: Draw) -> None:
    members, label = draw_members(np.random.default_rng(2), 3000, 6, [2.0, 0.5], 4.0)
    rows = np.arange(1500)
    rule = stacking(EnsembleSection(), 0)(members, label, rows)
    assert rule.weights[0] > 2 * rule.weights[1]
    held = slice(1500, None)
    stacked = rule.combine([prob[held] for prob in members])
    assert metrics.log_loss(stacked, label[held]) < 0.7 * metrics.log_loss(votes.mean(members)[held], label[held])


def test_float32_members_end_where_float64_ones_do(draw_members: Draw) -> None:
    members, label = draw_members(np.random.default_rng(3), 500, 5, [1.0, 0.7])
    narrow = stacking(EnsembleSection(), 0)(members, label, np.arange(500))
    wide = stacking(EnsembleSection(), 0)([prob.astype(np.float64) for prob in members], label, np.arange(500))
    assert narrow.combine(members) == pytest.approx(wide.combine(members), abs=2e-3)


def test_of_many_rows_a_sample_is_fitted_on(draw_members: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    members, label = draw_members(np.random.default_rng(4), 400, 3, [1.0, 0.5])
    fit, rows = stacking(EnsembleSection(), 0), np.arange(400)
    every = fit(members, label, rows)
    monkeypatch.setattr("sketchfit.inference.ensembling.methods.stacking._MOST_VALUES", 2 * 3 * 100)
    some, sample = fit(members, label, rows), sampled_rows(rows, 2 * 3, 2 * 3 * 100)
    assert len(sample) == 100
    assert np.array_equal(some.weights, fit(members, label, sample).weights)
    assert not np.array_equal(some.weights, every.weights)
