"""Linear ridge regression: the rows of a fold are subtracted from one matrix."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.closed_form import choices
from sketchfit.bank.closed_forms import closed_forms
from sketchfit.bank.heads import Ridge
from sketchfit.bank.linear_rows import LinearForm, LinearRows, Strength
from sketchfit.bank.ridge_fold import RidgeFold
from sketchfit.bank.row_space import RowSpace
from sketchfit.config.kernel import KernelSection

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

STRENGTHS = (0.1, 0.3, 0.03)


class RidgeForm(LinearForm):
    """Linear ridge regression."""

    def candidates(self, section: KernelSection) -> tuple[Strength, ...]:
        """Return penalties in units of the mean squared distance of a row from the mean row."""
        return tuple(Strength(one) for one in choices(section.strength, STRENGTHS))

    def fit(self, features: Callable[[Rows], Floats], label: Rows, classes: int, settings: Strength) -> LinearRows:
        """Return the regression on all rows."""
        space = RowSpace.of(features(np.arange(len(label))))
        return LinearRows(partial(RidgeFold, Ridge.of(space.values, label, classes, settings.value), space=space))


closed_forms.register("ridge")(RidgeForm())
