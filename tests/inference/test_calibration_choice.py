"""Calibration is used only where it is measured not to be worse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.inference import metrics
from sketchfit.inference.calibration import Temperature, VectorScaling
from sketchfit.inference.calibration_choice import choose_calibration
from sketchfit.inference.oof import Rows


def sampled(seed: int, sharpness: float, folds: int = 4) -> tuple[np.ndarray, Rows]:
    """240 rows of 4 classes whose probabilities are the true ones to the power of `sharpness`, normalised."""
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.full(4, 0.7), 240)
    label = np.array([rng.choice(4, p=one) for one in true])
    prob = true**sharpness
    prob /= prob.sum(axis=1, keepdims=True)
    return prob.astype(np.float32), Rows(np.arange(240), label, np.arange(240) % folds, None)


def by_fold_sharpness(sharp: int) -> tuple[np.ndarray, Rows]:
    """Fold 0 is certain and wrong as often as the others are right: temperatures of other folds do not fit any."""
    prob = np.full((120, 2), 0.5, np.float32)
    fold, label = np.arange(120) % 3, np.zeros(120, np.int64)
    confidence = np.where(fold == 0, 0.5 + 0.01 * sharp, 0.7)
    right = (np.arange(120) // 3) % 4 != 0
    right[fold == 0] = (np.arange(40) % 4) == 0
    prob[:, 0] = np.where(right, confidence, 1 - confidence)
    prob[:, 1] = 1 - prob[:, 0]
    return prob, Rows(np.arange(120), label, fold, None)


def test_a_temperature_that_helps_is_used() -> None:
    prob, rows = sampled(0, sharpness=3.0)
    found = choose_calibration("temperature", prob, rows)
    assert found.method == "temperature"
    assert isinstance(found.calibrator, Temperature)
    assert found.calibrator.value > 2
    assert [one.used for one in found.choices] == [True]
    assert metrics.log_loss(found.oof, rows.label) < metrics.log_loss(prob, rows.label)


def test_a_temperature_that_makes_log_loss_worse_is_not_used_unless_forced() -> None:
    prob, rows = by_fold_sharpness(10)
    found = choose_calibration("temperature", prob, rows)
    (choice,) = found.choices
    assert (found.method, found.calibrator, choice.used) == ("none", Temperature(1.0), False)
    assert choice.after is not None
    assert choice.before == pytest.approx(metrics.log_loss(prob, rows.label))
    assert choice.after > choice.before
    np.testing.assert_allclose(found.oof, prob, atol=1e-6)
    forced = choose_calibration("temperature", prob, rows, force=True)
    assert forced.method == "temperature"
    assert metrics.log_loss(forced.oof, rows.label) == pytest.approx(choice.after)


def test_vector_scaling_is_followed_by_a_temperature() -> None:
    prob, rows = sampled(1, sharpness=3.0)
    # One class too likely in each network but another one per fold: a bias of the other folds is wrong for the fold.
    for part in range(4):
        prob[rows.fold == part, part] *= 6
    prob /= prob.sum(axis=1, keepdims=True)
    found = choose_calibration("vector", prob, rows)
    assert found.method in {"temperature", "none"}
    assert {one.name for one in found.choices} == {"calibration by vector", "calibration by temperature"}
    assert not isinstance(found.calibrator, VectorScaling)
    assert not any(one.used for one in found.choices if one.name == "calibration by vector")


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(0.3, 4), st.sampled_from(["none", "temperature", "vector"]))
def test_what_is_used_is_never_worse(seed: int, sharpness: float, method: str) -> None:
    prob, rows = sampled(seed, sharpness)
    found = choose_calibration(method, prob, rows)  # type: ignore[arg-type]
    assert metrics.log_loss(found.oof, rows.label) <= metrics.log_loss(prob, rows.label) + 1e-6
    assert metrics.top_k_accuracy(found.oof, rows.label) >= metrics.top_k_accuracy(prob, rows.label)
    assert bool(found.choices) == (method != "none")
    assert {one.name for one in found.choices if one.used} == {f"calibration by {found.method}"} - {
        "calibration by none"
    }
