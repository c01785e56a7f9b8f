from __future__ import annotations

import numpy as np
import pytest

from sketchfit.inference import held_out_scores
from sketchfit.inference.held_out_scores import TEMPERATURES, HeldOutScores

PROB = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]])


def test_parts_are_the_probabilities_among_the_other_classes() -> None:
    rows = HeldOutScores.of(PROB).labelled(np.array([2, 0]), np.ones(2))
    assert rows.differs.tolist() == [True, True]
    np.testing.assert_allclose(rows.logit, np.log([0.7 / 0.3, 0.4 / 0.6]))
    # At temperature 1: 0.1 / (0.2 + 0.1), and 0.3 / (0.3 + 0.3); the last part is uniform over two other classes.
    np.testing.assert_allclose(rows.parts[:, TEMPERATURES.index(1.0)], [1 / 3, 1 / 2])
    np.testing.assert_allclose(rows.parts[:, -1], [1 / 2, 1 / 2])


def test_a_label_that_is_the_most_probable_class_does_not_differ() -> None:
    assert HeldOutScores.of(PROB).labelled(np.array([0, 1]), np.ones(2)).differs.tolist() == [False, True]


def test_blocks_of_rows_do_not_change_the_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    prob = np.random.default_rng(0).dirichlet(np.ones(7), 50)
    together = HeldOutScores.of(prob).norm
    monkeypatch.setattr(held_out_scores, "_BLOCK", 30)
    np.testing.assert_array_equal(HeldOutScores.of(prob).norm, together)


def test_certain_rows_and_two_classes_have_finite_scores() -> None:
    rows = HeldOutScores.of(np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)).labelled(np.array([1, 1]), np.ones(2))
    assert np.isfinite(rows.logit).all()
    np.testing.assert_allclose(rows.parts[0], 1.0, rtol=1e-6)  # the only other class
