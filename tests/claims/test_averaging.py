"""The accuracy of an average of networks, from that of single ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.claims.averaging import agreement, averaged_accuracy


def one_hot(chosen: list[int], classes: int = 3) -> np.ndarray:
    return np.eye(classes)[chosen]


def softened(chosen: list[int], share: float = 0.7) -> np.ndarray:
    return share * one_hot(chosen) + (1 - share) / 3


def test_one_network_gains_nothing() -> None:
    unit = softened([0, 1, 2])
    assert averaged_accuracy(unit, [unit], 0.4) == 0.4


def test_networks_that_agree_on_every_row_gain_nothing() -> None:
    unit = softened([0, 1, 2, 0])
    assert averaged_accuracy(unit, [unit, unit, unit], 0.6) == pytest.approx(0.6)


def test_the_temperature_follows_from_the_accuracy_of_the_single_networks() -> None:
    # Rows have two classes. The average is (0.8, 0.2) on each; one network of four chooses the second class.
    # At the temperature 1, a single network is right with probability (3 * 0.8 + 0.2) / 4 = 0.65, the average with 0.8.
    first, second = np.array([[0.95, 0.05]]), np.array([[0.35, 0.65]])
    units = [first, first, first, second]
    final = np.array([[0.8, 0.2]])
    assert averaged_accuracy(final, units, 0.65) == pytest.approx(0.8, abs=1e-4)


def test_the_gain_is_at_most_the_share_of_rows_where_a_network_differs_from_the_average() -> None:
    a, b, c = softened([0, 1, 2, 0]), softened([0, 1, 2, 1]), softened([0, 1, 2, 0])
    gain = averaged_accuracy((a + b + c) / 3, [a, b, c], 0.9) - 0.9
    assert 0 < gain <= 1 / 12 + 1e-9


def test_networks_that_agree_less_than_their_accuracy_allows_do_not_gain_everything() -> None:
    # Each network differs from the average on another quarter of the rows, so that it can be right on three quarters.
    units = [softened([0, 0, 0, 0]) for _ in range(4)]
    for row, unit in enumerate(units):
        unit[row] = softened([1])[0]
    assert averaged_accuracy(np.mean(units, axis=0), units, 0.8) == pytest.approx(0.9)


@settings(deadline=None)
@given(st.integers(0, 1000), st.floats(0.0, 1.0))
def test_the_result_is_between_that_of_a_single_network_and_1(seed: int, single: float) -> None:
    rng = np.random.default_rng(seed)
    units = list(rng.dirichlet(np.full(4, 0.5), size=(3, 20)))
    found = averaged_accuracy(np.mean(units, axis=0), units, single)
    assert single - 1e-12 <= found <= (1 + single) / 2 + 1e-12


@pytest.mark.parametrize("noise", [0.5, 1.0])
def test_networks_with_independent_errors_are_predicted_within_two_points(noise: float) -> None:
    rng = np.random.default_rng(3)
    label = rng.integers(0, 10, 6000)
    shared = rng.normal(size=(6000, 10)) + 2.0 * np.eye(10)[label]
    logits = [shared + noise * rng.normal(size=shared.shape) for _ in range(5)]
    units = [np.exp(z) / np.exp(z).sum(1, keepdims=True) for z in logits]
    final = np.mean(units, axis=0)
    single = float(np.mean([unit.argmax(1) == label for unit in units]))
    truth = float((final.argmax(1) == label).mean())
    assert truth > single + 0.03
    assert averaged_accuracy(final, units, single) == pytest.approx(truth, abs=0.02)


def test_agreement_is_the_mean_over_pairs() -> None:
    units = [one_hot([0, 1, 2, 0]), one_hot([0, 1, 2, 1]), one_hot([0, 0, 0, 0])]
    assert agreement(units) == pytest.approx((3 / 4 + 2 / 4 + 1 / 4) / 3)


def test_agreement_needs_two_networks_and_a_row() -> None:
    assert agreement([one_hot([0])]) is None
    assert agreement([np.zeros((0, 3)), np.zeros((0, 3))]) is None
