"""The rule of a bundle gives the p-values of the test that it was made from, and keeps them as JSON."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.bundle.manifest import UnknownRule
from sketchfit.bundle.unknown_rule import MOST, make_unknown_rule, unknown_test
from sketchfit.inference.unknown import SCORES, UnknownTest


@pytest.mark.parametrize("score", SCORES)
@settings(max_examples=25)
@given(seed=st.integers(0, 1000), families=st.integers(1, 40))
def test_a_stored_rule_gives_the_same_p_values(score: str, seed: int, families: int) -> None:
    rng = np.random.default_rng(seed)
    known, new = rng.dirichlet(np.ones(4), 30), rng.dirichlet(np.ones(4), 8)
    group = rng.integers(0, families, 30)
    rule = UnknownRule.model_validate_json(make_unknown_rule(known, group, score).model_dump_json())
    wanted = UnknownTest.fit(known, group, score).p_values(new)
    np.testing.assert_allclose(unknown_test(rule).p_values(new), wanted, rtol=1e-12)
    assert list(rule.known) == sorted(rule.known)


def test_of_many_rows_some_scores_are_stored_and_p_values_are_never_lower() -> None:
    rng = np.random.default_rng(0)
    known, new = rng.dirichlet(np.ones(3), 3 * MOST + 7), rng.dirichlet(np.ones(3), 500)
    group = rng.integers(0, 2 * MOST, len(known))
    rule, exact = make_unknown_rule(known, group), UnknownTest.fit(known, group)
    assert len(rule.known) == len(rule.weight) == MOST
    assert unknown_test(rule).families == pytest.approx(exact.families)
    added = unknown_test(rule).p_values(new) - exact.p_values(new)
    assert added.min() > -1e-12
    assert 0 < added.max() < 0.0003


def test_weights_are_stored_only_where_rows_are_related() -> None:
    prob = np.array([[0.9, 0.1], [0.6, 0.4]])
    assert make_unknown_rule(prob).weight == ()
    assert make_unknown_rule(prob, np.array([3, 4])).weight == ()
    assert make_unknown_rule(prob, np.array([3, 3])).weight == (0.5, 0.5)
    assert make_unknown_rule(prob, share=0.25).weight == (0.25, 0.25)


def test_the_smallest_rate_that_a_rule_can_promise() -> None:
    assert unknown_test(make_unknown_rule(np.full((19, 2), 0.5))).smallest == pytest.approx(0.05)
