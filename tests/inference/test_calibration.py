"""Calibration against scipy on the same objective, and its effect on planted miscalibration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, softmax

from sketchfit.inference import calibration, metrics

Draw = Callable[..., Any]


def overconfident(rows: int = 4000, factor: float = 2.5) -> tuple[np.ndarray, np.ndarray]:
    """True probabilities sharpened by `factor`: the right temperature is `factor`."""
    rng = np.random.default_rng(0)
    z = rng.normal(0, 1.5, size=(rows, 6))
    label = (rng.random((rows, 1)) > softmax(z, axis=1).cumsum(1)).sum(1)
    return softmax(factor * z, axis=1), label


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.3, 4))
def test_temperature_is_the_minimum_that_scipy_finds(draw_members: Draw, seed: int, sharpness: float) -> None:
    (prob,), label = draw_members(np.random.default_rng(seed), 150, 5, [1.0], sharpness)

    def loss(log_beta: float) -> float:
        return -log_softmax(np.exp(log_beta) * calibration.logits(prob), axis=1)[np.arange(150), label].mean()

    reference = minimize_scalar(loss, bounds=(-5, 5), method="bounded", options={"xatol": 1e-10})
    fitted = calibration.fit_temperature(prob, label)
    assert loss(-np.log(fitted.value)) <= reference.fun + 1e-10
    assert np.log(fitted.value) == pytest.approx(-reference.x, abs=2e-4)


def test_a_planted_temperature_is_found_and_ece_falls() -> None:
    prob, label = overconfident()
    assert calibration.fit_temperature(prob, label).value == pytest.approx(2.5, rel=0.06)
    fold = np.arange(len(label)) % 5
    report = calibration.report("temperature", prob, label, fold)
    assert report.ece_before > 0.15
    assert report.ece_after < 0.03
    assert report.log_loss_after < report.log_loss_before
    assert calibration.report("none", prob, label, fold).ece_after == pytest.approx(report.ece_before)


def test_temperature_keeps_the_order_of_classes() -> None:
    prob, label = overconfident(300)
    after = calibration.fit_temperature(prob, label).apply(prob)
    assert (after.argsort(1) == prob.argsort(1)).all()
    assert after.sum(1) == pytest.approx(np.ones(300))


def test_vector_scaling_is_the_minimum_that_scipy_finds(draw_members: Draw) -> None:
    (prob,), label = draw_members(np.random.default_rng(4), 300, 4, [1.0])
    z = calibration.logits(prob)

    def loss(theta: np.ndarray) -> float:
        log_p = log_softmax(z * theta[:4] + theta[4:], axis=1)
        off = theta - np.repeat([1.0, 0.0], 4)
        return float(-log_p[np.arange(300), label].sum() + off @ off / 2)

    fitted = calibration.fit_vector(prob, label)
    reference = minimize(loss, np.zeros(8), method="BFGS", options={"gtol": 1e-6})
    ours = np.concatenate([fitted.scale, fitted.bias])
    assert loss(ours) <= reference.fun + 1e-5
    assert ours == pytest.approx(reference.x, abs=2e-3)


def test_vector_scaling_undoes_a_biased_class() -> None:
    prob, label = overconfident(4000, factor=1.0)
    biased = softmax(np.log(prob) + np.array([2.0, 0, 0, 0, 0, 0]), axis=1)
    fitted = calibration.fit_vector(biased, label)
    assert fitted.bias[0] - fitted.bias[1:].mean() == pytest.approx(-2, abs=0.25)
    after = fitted.apply(biased)
    assert metrics.top_k_accuracy(after, label) > metrics.top_k_accuracy(biased, label) + 0.05


def test_cross_fitting_never_uses_a_rows_own_fold() -> None:
    prob, label = overconfident(600)
    fold = np.arange(600) % 3
    calibrated = calibration.cross_fit("temperature", prob, label, fold)
    spoilt = np.where(fold == 1, (label + 1) % 6, label)
    again = calibration.cross_fit("temperature", prob, spoilt, fold)
    assert (again[fold == 1] == calibrated[fold == 1]).all()
    assert (again[fold == 0] != calibrated[fold == 0]).any()
    with pytest.raises(ValueError, match="two folds"):
        calibration.cross_fit("temperature", prob, label, np.zeros(600, dtype=int))


def test_fitting_pure_noise_flatters_and_cross_fitting_does_not() -> None:
    rng = np.random.default_rng(1)
    prob, label = np.full((120, 40), 1 / 40), rng.integers(0, 40, 120)
    fitted = calibration.fit("vector", prob, label).apply(prob)
    crossed = calibration.cross_fit("vector", prob, label, np.arange(120) % 4)
    assert metrics.log_loss(fitted, label) < np.log(40) < metrics.log_loss(crossed, label)


@pytest.mark.parametrize(("rows", "bins"), [(1, 1), (39, 1), (40, 2), (220, 11), (300, 15), (5000, 15)])
def test_each_bin_of_a_diagram_has_enough_rows(rows: int, bins: int) -> None:
    prob, label = overconfident(rows)
    count = calibration.reliability(prob, label).count
    assert (len(count), count.sum()) == (bins, rows)
    assert count.max() - count.min() <= 1


def test_reliability_adds_up_to_the_ece() -> None:
    prob, label = overconfident(500)
    diagram = calibration.reliability(prob, label, 12)
    assert diagram.count.sum() == 500
    assert len(diagram.count) == 12
    gap = np.abs(diagram.accuracy - diagram.confidence) @ diagram.count / 500
    assert gap == pytest.approx(metrics.ece(prob, label, 12, "mass"))
    assert (diagram.low <= diagram.accuracy).all()
    assert (diagram.accuracy <= diagram.high).all()
    assert (np.diff(diagram.confidence) > 0).all()


def test_related_rows_widen_the_intervals_of_a_diagram() -> None:
    prob, label = overconfident(300)
    copied = np.repeat(prob, 4, axis=0), np.repeat(label, 4)
    group = np.repeat(np.arange(300), 4)
    rows, families = (calibration.reliability(*copied, 10, related) for related in (None, group))
    np.testing.assert_array_equal(rows.accuracy, families.accuracy)
    assert (families.high - families.low > 1.5 * (rows.high - rows.low)).all()
    report = calibration.report_of(copied[0], copied[0], copied[0], copied[1], 10, group)
    np.testing.assert_array_equal(report.after.low, families.low)
    np.testing.assert_array_equal(report.before.high, families.high)
