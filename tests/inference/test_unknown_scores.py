"""Scores of probabilities: by hand, and what each of them promises for every row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.inference.unknown_scores import DEFAULT, SCORES

ROWS = np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]])


@pytest.mark.parametrize(
    ("name", "undecided", "certain"),
    [
        ("least-confidence", 0.5, 0.0),
        ("entropy", 1.5 * np.log(2), 0.0),
        ("generalized-entropy", 0.25**0.1 + 2 * 0.1875**0.1, 0.0),
        ("margin", -np.log(2), np.log(1e-12)),
    ],
)
def test_scores_by_hand(name: str, undecided: float, certain: float) -> None:
    assert SCORES[name](ROWS) == pytest.approx([undecided, certain], abs=1e-9)


@pytest.mark.parametrize("name", SCORES)
@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), classes=st.integers(2, 9), power=st.floats(0.05, 3))
def test_scores_are_finite_ignore_the_order_of_classes_and_fall_with_confidence(
    name: str, seed: int, classes: int, power: float
) -> None:
    rng = np.random.default_rng(seed)
    prob = rng.dirichlet(np.full(classes, power), 5).astype(np.float32)
    found = SCORES[name](prob)
    assert found.shape == (5,)
    assert found.dtype == np.float64
    assert np.isfinite(found).all()
    np.testing.assert_allclose(SCORES[name](prob[:, rng.permutation(classes)]), found, rtol=1e-12, atol=1e-12)
    even, certain = np.full((1, classes), 1 / classes), np.eye(classes)[:1]
    assert SCORES[name](certain)[0] <= found.min() + 1e-6
    assert found.max() <= SCORES[name](even)[0] + 1e-6


def test_the_default_is_a_score() -> None:
    assert DEFAULT in SCORES
