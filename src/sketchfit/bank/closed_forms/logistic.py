"""Multinomial logistic regression: one fit per fold."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.closed_form import choices
from sketchfit.bank.closed_forms import closed_forms
from sketchfit.bank.linear_rows import LinearForm, LinearRows, Strength
from sketchfit.bank.logistic import LogisticRows
from sketchfit.bank.refit_fold import RefitFold
from sketchfit.bank.row_space import RowSpace
from sketchfit.config.kernel import KernelSection

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

STRENGTHS = (0.03, 0.1, 0.01)


class LogisticForm(LinearForm):
    """Multinomial logistic regression."""

    def candidates(self, section: KernelSection) -> tuple[Strength, ...]:
        """Return penalties, next to the sum of the log-losses."""
        return tuple(Strength(one) for one in choices(section.strength, STRENGTHS))

    def fit(self, features: Callable[[Rows], Floats], label: Rows, classes: int, settings: Strength) -> LinearRows:
        """Return the rows to fit."""
        space = RowSpace.of(features(np.arange(len(label))))
        return LinearRows(partial(RefitFold, LogisticRows(space, label, classes, settings.value)))


closed_forms.register("logistic")(LogisticForm())
