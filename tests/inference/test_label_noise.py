from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, softmax

from sketchfit.inference.held_out_scores import HeldOutScores, LabelledScores
from sketchfit.inference.label_noise import FLAT_SHARE, LEAST_RATE, NoiseModel, fit_noise, lowest_noise
from tests.inference.label_data import PlantedLabels, planted


def _rows(data: PlantedLabels) -> LabelledScores:
    return HeldOutScores.of(data.prob).labelled(data.label, np.ones(len(data.label)))


def test_densities_of_a_right_and_a_wrong_label_sum_to_one_over_classes() -> None:
    prob = np.array([[0.6, 0.25, 0.1, 0.05]])
    model = NoiseModel(0.1, np.array([0.2, 0.7]), np.array([0.1, 0.2, 0.2, 0.2, 0.1, 0.2]))
    every = [model.densities(HeldOutScores.of(prob).labelled(np.array([k]), np.ones(1))) for k in range(4)]
    np.testing.assert_allclose(np.sum(every, axis=0).ravel(), [1, 1])


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1, 0.2])
def test_the_planted_share_is_estimated(share: float) -> None:
    rows = _rows(planted(4000, share=share))
    fitted = fit_noise(rows)
    assert fitted.rate == pytest.approx(share, abs=0.01 + share / 5)
    lowest = lowest_noise(rows, fitted)
    assert lowest is not None
    assert 0 < lowest.rate < min(share, fitted.rate)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("strength", [2.0, 5.0, 8.0])
def test_no_noise_is_shown_where_labels_are_right(seed: int, strength: float) -> None:
    rows = _rows(planted(1000, share=0, strength=strength, seed=seed))
    fitted = fit_noise(rows)
    assert fitted.rate < 0.02
    assert lowest_noise(rows, fitted) is None


def test_expectation_maximisation_finds_the_maximum_of_another_optimiser() -> None:
    rows = _rows(planted(800, share=0.08))

    def loss(theta: np.ndarray) -> float:
        model = NoiseModel(float(expit(theta[0])), theta[1:3], softmax([*theta[3:], 0.0]))
        return -model.log_likelihood(rows)

    reference = minimize(loss, np.zeros(8), method="BFGS")
    assert fit_noise(rows).log_likelihood(rows) == pytest.approx(-reference.fun, abs=0.5)


def test_the_lower_end_is_where_the_likelihood_has_dropped() -> None:
    rows = _rows(planted(1000, share=0.1))
    fitted = fit_noise(rows)
    lowest = lowest_noise(rows, fitted)
    assert lowest is not None
    assert fitted.log_likelihood(rows) - lowest.log_likelihood(rows) == pytest.approx(6.63 / 2, abs=0.4)


def test_copies_count_once() -> None:
    data = planted(600, share=0.1)
    twice = np.repeat(np.arange(600), 2)
    scores = HeldOutScores.of(data.prob[twice])
    once, copied = _rows(data), scores.labelled(data.label[twice], np.full(1200, 0.5))
    assert fit_noise(copied, 0.05).log_likelihood(copied) == pytest.approx(fit_noise(once, 0.05).log_likelihood(once))


def test_a_network_without_errors_shows_no_noise() -> None:
    label = np.arange(90) % 3
    prob = np.where(np.eye(3)[label] == 1, 0.98, 0.01)
    rows = HeldOutScores.of(prob).labelled(label, np.ones(90))
    fitted = fit_noise(rows)
    assert fitted.rate < 0.01
    assert lowest_noise(rows, fitted) is None
    assert (fitted.wrong(rows) < 0.5).all()


def test_a_network_that_errs_on_wrong_labels_only_shows_the_noise() -> None:
    rows = _rows(planted(1000, share=0.1, strength=40))
    fitted = fit_noise(rows)
    assert fitted.rate == pytest.approx(0.1, abs=0.01)
    assert lowest_noise(rows, fitted) is not None
    none = fit_noise(rows, LEAST_RATE)
    assert none.mixture[-2:].sum() <= FLAT_SHARE + 1e-9


def test_a_fixed_rate_stays() -> None:
    assert fit_noise(_rows(planted(300)), LEAST_RATE).rate == LEAST_RATE
