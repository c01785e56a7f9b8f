"""The methods that the estimate of class frequencies is compared with, on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.class_frequencies import (
    Drawings,
    Outcome,
    examine,
    expectation_maximisation,
    least_squares,
    simulate,
    summary,
)
from sketchfit.inference.class_frequencies import Reference


def test_perfect_predictions_give_the_counts() -> None:
    label = np.arange(90) % 3
    prob = np.eye(3, dtype=np.float32)[label]
    test = np.eye(3, dtype=np.float32)[np.repeat([0, 1, 2], [30, 20, 10])]
    for found in (
        expectation_maximisation(test, np.full(3, 1 / 3)),
        least_squares(Reference(prob, prob, label), test),
    ):
        np.testing.assert_allclose(found, [1 / 2, 1 / 3, 1 / 6], atol=1e-6)


def test_expectation_maximisation_has_the_greatest_likelihood() -> None:
    prob = np.random.default_rng(0).dirichlet(np.ones(2), 200)
    found = expectation_maximisation(prob, np.array([0.5, 0.5]))
    shares = np.linspace(0.001, 0.999, 999)
    likelihood = np.log(shares[:, None] * prob[:, 0] / 0.5 + (1 - shares[:, None]) * prob[:, 1] / 0.5).sum(axis=1)
    assert found[0] == pytest.approx(shares[likelihood.argmax()], abs=0.002)


def drawings() -> Drawings:
    rng = np.random.default_rng(0)
    label = np.arange(400) % 4
    values = (rng.normal(size=(4, 8))[label] + rng.normal(size=(400, 8))).astype(np.float32)
    return Drawings(values, label, np.arange(400))


@pytest.mark.parametrize("merge", [None, 2])
def test_a_simulation_is_examined(merge: int | None) -> None:
    case = simulate(drawings(), 0, merge)
    classes = merge or 4
    assert case.reference.prob.shape == (240, classes)
    assert case.test.shape == (160, classes)
    np.testing.assert_allclose(case.test.sum(axis=1), 1, rtol=1e-5)
    found = examine(case, 0)
    assert found.rows == 160
    assert found.training < 0.05
    assert not found.differs


def test_the_line_of_a_table() -> None:
    one = Outcome(100, 0.3, 0.1, 0.2, 0.4, True, True, 0.02, 0.9)
    other = Outcome(100, 0.3, 0.1, 0.2, 0.4, True, False, -0.01, 0.9)
    assert summary("x", [one, other]) == (
        "| x | 100 | 0.300 | 0.100 | 0.200 | 0.400 | 90 % | 2 of 2 | +0.5 | 1, +2.0 (worst +2.0) |"
    )
