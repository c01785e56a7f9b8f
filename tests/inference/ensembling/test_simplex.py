"""Weights on the simplex against a convex solver and against the conditions of optimality."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize

from sketchfit.inference import metrics
from sketchfit.inference.ensembling.methods.simplex import duality_gap, fit_simplex, simplex_weights
from sketchfit.inference.ensembling.rule import own_probability


def loss(weights: np.ndarray, own: np.ndarray) -> float:
    return float(-np.log(weights @ own).mean())


@pytest.mark.parametrize("seed", range(6))
def test_weights_are_those_of_a_convex_solver(seed: int) -> None:
    own = np.random.default_rng(seed).beta(2, 1, size=(4, 200))
    reference = minimize(
        loss,
        np.full(4, 0.25),
        args=(own,),
        method="trust-constr",
        bounds=[(1e-12, 1)] * 4,
        constraints=LinearConstraint(np.ones((1, 4)), 1, 1),
        options={"gtol": 1e-10, "xtol": 1e-12, "maxiter": 3000},
    )
    ours = simplex_weights(own)
    assert loss(ours, own) <= reference.fun + 1e-7
    assert ours == pytest.approx(reference.x, abs=5e-3)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000), st.integers(1, 8), st.floats(0.05, 3))
def test_the_gap_certifies_the_optimum(seed: int, members: int, spread: float) -> None:
    own = np.random.default_rng(seed).beta(spread, 1, size=(members, 50))
    own[:, :2] = 0  # rows that every member gets wholly wrong
    weights = simplex_weights(own)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    assert -1e-9 <= duality_gap(weights, own) <= 1e-6


def test_a_useless_member_gets_nothing_and_a_twin_changes_nothing(draw_members: Callable[..., Any]) -> None:
    members, label = draw_members(np.random.default_rng(0), 800, 6, [2.0, 2.0])
    noise = np.random.default_rng(1).dirichlet(np.ones(6), 800)
    rule = fit_simplex([*members, noise], label, np.arange(800))
    assert rule.weights[2] < 0.02
    assert rule.weights[:2].min() > 0.3
    twins = fit_simplex([members[0], *members], label, np.arange(800))
    merged = fit_simplex(members, label, np.arange(800))
    assert metrics.log_loss(twins.combine([members[0], *members]), label) == pytest.approx(
        metrics.log_loss(merged.combine(members), label), abs=1e-5
    )


def test_only_the_given_rows_are_learnt_from(draw_members: Callable[..., Any]) -> None:
    members, label = draw_members(np.random.default_rng(0), 100, 4, [1.0, 2.0])
    rows = np.arange(0, 100, 2)
    other = label.copy()
    other[1::2] = (other[1::2] + 1) % 4
    assert (own_probability(members, label, rows) == own_probability(members, other, rows)).all()
