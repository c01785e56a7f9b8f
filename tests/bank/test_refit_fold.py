"""A head that is fitted again: which rows are left out."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.bank import refit_fold as module
from sketchfit.bank.refit_fold import RefitFold
from tests.bank.test_logistic import rows
from tests.contracts.closed_form import ROWS


def test_complete_groups_are_left_out_until_there_are_enough_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    group, fold = np.arange(ROWS) // 3, RefitFold(rows(), np.arange(12))
    every = fold.left_out(group)[0]
    assert np.array_equal(np.sort(every), np.arange(12, ROWS))
    monkeypatch.setattr(module, "FEW", 10)
    some, scores = fold.left_out(group)
    assert 10 <= len(some) == len(scores) < ROWS - 12
    assert np.array_equal(some, every[: len(some)])
    assert all((some // 3 == number).sum() == 3 for number in np.unique(some // 3))
