"""Kernel heads for any number of rows."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.bank.closed_forms import rbf
from sketchfit.bank.closed_forms.rbf import RbfForm
from sketchfit.bank.kernel import KernelRidge, KernelSettings
from sketchfit.bank.nystrom import Nystrom
from sketchfit.config.kernel import KernelSection
from tests.bank.test_kernel import SETTINGS, sample


@pytest.mark.parametrize("exact", [True, False])
def test_scores_of_several_heads_are_those_of_each(exact: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rbf, "CHUNK", 4)
    monkeypatch.setattr(rbf, "MOST_ROWS", 60 if exact else 59)
    features, label = sample()
    fit = RbfForm().fit(lambda rows: features[rows], label, 4, SETTINGS)
    assert isinstance(fit.ridge, KernelRidge if exact else Nystrom)
    folds = [fit.fold(np.arange(start, 60, 3)) for start in range(3)]
    other = sample(9, seed=5)[0]
    found = fit.scores_by([fold.head for fold in folds], [fold.kept for fold in folds], other)
    for fold, scores in zip(folds, found, strict=True):
        assert scores == pytest.approx(fold.head.scores(other), abs=2e-3)


def test_the_usual_settings_are_the_first_candidates() -> None:
    section = KernelSection(width="auto")
    assert RbfForm().candidates(KernelSection()) == (KernelSettings(0.25, 0.03),)
    assert RbfForm().candidates(section)[0] == KernelSettings(0.25, 0.03)
    assert {one.width for one in RbfForm().candidates(section)} == {0.125, 0.25, 0.5}
    assert RbfForm().candidates(KernelSection(strength=0.5)) == (KernelSettings(0.25, 0.5),)
