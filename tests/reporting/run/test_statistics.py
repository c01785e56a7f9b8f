"""Figures that are computed before the page: calibration by temperature."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sketchfit.inference.metrics import log_loss
from sketchfit.reporting.evidence import read_evidence
from sketchfit.reporting.run.statistics import compute_statistics


def test_calibration_undoes_probabilities_that_are_too_sharp(make_run: Callable[..., Path]) -> None:
    run = make_run()
    before = compute_statistics(read_evidence(run), resamples=20).temperature
    with np.load(run / "ensemble" / "oof.npz") as file:
        row, prob = file["row"], file["prob"] ** 3
    np.savez(run / "ensemble" / "oof.npz", row=row, prob=prob / prob.sum(1, keepdims=True))
    evidence = read_evidence(run)
    found = compute_statistics(evidence, resamples=20)
    assert found.temperature == pytest.approx(3 * before, rel=0.02)
    assert found.calibrated.dtype == np.float32
    assert np.allclose(found.calibrated.sum(axis=1), 1, atol=1e-5)
    assert (found.calibrated.argmax(axis=1) == evidence.answer).all()
    assert log_loss(found.calibrated, evidence.label) < log_loss(evidence.prob, evidence.label)
