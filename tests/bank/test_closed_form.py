"""Kernel heads for any number of rows."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.bank import closed_form as module
from sketchfit.bank.closed_form import fit_kernel, scores_by, without
from sketchfit.bank.kernel import KernelRidge
from sketchfit.bank.nystrom import Nystrom
from tests.bank.test_kernel import SETTINGS, sample


@pytest.mark.parametrize("exact", [True, False])
def test_scores_of_several_heads_are_those_of_each(exact: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 4)
    monkeypatch.setattr(module, "MOST_ROWS", 60 if exact else 59)
    features, label = sample()
    ridge = fit_kernel(lambda rows: features[rows], label, 4, SETTINGS)
    assert isinstance(ridge, KernelRidge if exact else Nystrom)
    folds = [without(ridge, np.arange(start, 60, 3)) for start in range(3)]
    other = sample(9, seed=5)[0]
    found = scores_by(ridge, [fold.dual for fold in folds], other)
    for fold, scores in zip(folds, found, strict=True):
        assert scores == pytest.approx(fold.head.scores(other), abs=2e-3)
