"""The way of combining: log-loss decides where accuracy does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.inference import metrics
from sketchfit.inference.ensembling.choice import at_best_temperature, choose_method

ROWS, CLASSES = 240, 4
LABEL = np.arange(ROWS) % CLASSES


def prob(wrong: np.ndarray, sure: np.ndarray | float, unsure: float = 0.3) -> np.ndarray:
    """Probabilities `sure` of the true class; in the rows `wrong` it has `unsure`, and the next class more."""
    found = np.full((ROWS, CLASSES), 0.0)
    own, other = np.where(wrong, unsure, sure), np.where(wrong, 0.9 - unsure, 0.0)
    found[np.arange(ROWS), LABEL] = own
    found[np.arange(ROWS), (LABEL + 1) % CLASSES] = other
    rest = (1 - own - other) / 3
    return found + rest[:, None]


def test_the_lower_log_loss_is_chosen_where_accuracies_are_alike() -> None:
    slightly_better = prob(np.arange(ROWS) % 20 == 0, 0.9, unsure=0.02)  # 12 errors, of which it is sure
    much_surer = prob(np.arange(ROWS) % 17 == 0, 0.9, unsure=0.44)  # 15 errors, which are close
    assert choose_method({"a": slightly_better, "b": much_surer}, LABEL) == "b"
    assert choose_method({"b": much_surer, "a": slightly_better}, LABEL) == "b"


def test_what_is_shown_to_be_less_accurate_is_not_chosen() -> None:
    good = prob(np.arange(ROWS) % 20 == 0, 0.9, unsure=0.02)
    poor = prob(np.arange(ROWS) % 4 == 0, 0.97, unsure=0.44)
    lower = metrics.log_loss(at_best_temperature(poor, LABEL), LABEL)
    assert lower < metrics.log_loss(at_best_temperature(good, LABEL), LABEL)
    assert choose_method({"poor": poor, "good": good}, LABEL) == "good"


def test_rows_of_one_group_are_one_observation() -> None:
    """Eleven rows of one drawing show nothing; as rows of their own they would."""
    some = np.arange(ROWS) % 8 == 7
    good = prob(some, 0.6, unsure=0.3)
    poor = prob(some | (np.arange(ROWS) < 11), 0.97, unsure=0.44)
    group = np.where(np.arange(ROWS) < 11, 0, np.arange(ROWS))
    assert choose_method({"good": good, "poor": poor}, LABEL) == "good"
    assert choose_method({"good": good, "poor": poor}, LABEL, group) == "poor"


@given(first=st.floats(0.2, 5.0), second=st.floats(0.2, 5.0), seed=st.integers(0, 50))
def test_confidence_alone_changes_nothing(first: float, second: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(2, ROWS, CLASSES))
    scores[:, np.arange(ROWS), LABEL] += 1.0 + rng.random((2, 1))

    def at(temperatures: tuple[float, float]) -> str:
        powered = {
            name: np.exp(one / temperature) for name, one, temperature in zip("ab", scores, temperatures, strict=True)
        }
        return choose_method({name: one / one.sum(axis=1, keepdims=True) for name, one in powered.items()}, LABEL)

    assert at((first, second)) == at((1.0, 1.0))


def test_the_best_temperature_lowers_the_log_loss() -> None:
    given_prob = prob(np.arange(ROWS) % 5 == 0, 0.99, unsure=0.01)
    found = at_best_temperature(given_prob, LABEL)
    assert metrics.log_loss(found, LABEL) < metrics.log_loss(given_prob, LABEL)
    assert (found.argmax(axis=1) == given_prob.argmax(axis=1)).all()
    assert found.sum(axis=1) == pytest.approx(np.ones(ROWS))
