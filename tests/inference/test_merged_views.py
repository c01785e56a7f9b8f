"""Merged views: their log-loss at the best temperature, from the given rows alone."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.inference.calibration import Temperature, fit_temperature
from sketchfit.inference.merged_views import MergedViews, merge_views
from sketchfit.inference.metrics import row_log_loss


def made() -> MergedViews:
    rng = np.random.default_rng(0)
    probs = {name: rng.dirichlet(np.ones(4), 300).astype(np.float32) for name in ("identity", "hflip")}
    label = (probs["identity"].cumsum(axis=1) > rng.random((300, 1))).argmax(axis=1)
    return MergedViews(probs, label, "mean-prob")


def test_the_log_loss_is_that_at_the_best_temperature_of_these_rows() -> None:
    views, rows = made(), np.arange(0, 300, 2)
    loss = views.loss(["identity", "hflip"], rows)
    prob = merge_views(list(views.probs.values()), "mean-prob")[rows]
    label = views.label[rows]
    assert loss.dtype == np.float32
    np.testing.assert_allclose(loss, row_log_loss(fit_temperature(prob, label).apply(prob), label), rtol=1e-6)
    assert loss.mean() < row_log_loss(prob, label).mean()


@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_confidence_alone_changes_no_log_loss(temperature: float) -> None:
    views, rows = made(), np.arange(300)
    other = Temperature(temperature).apply(views.probs["identity"].astype(np.float64))
    changed = MergedViews({"identity": other}, views.label, "mean-prob")
    np.testing.assert_allclose(changed.loss(["identity"], rows), views.loss(["identity"], rows), atol=1e-3)
