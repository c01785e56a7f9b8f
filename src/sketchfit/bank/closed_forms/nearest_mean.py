"""Nearest class mean: the rows of a fold are subtracted from sums."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.closed_form import choices
from sketchfit.bank.closed_forms import closed_forms
from sketchfit.bank.linear_rows import LinearForm, LinearRows, Strength
from sketchfit.bank.nearest_mean import ClassSums, NearestMeanFold
from sketchfit.config.kernel import KernelSection

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

STRENGTHS = (0.3, 1.0, 3.0)


class NearestMeanForm(LinearForm):
    """Nearest class mean."""

    def candidates(self, section: KernelSection) -> tuple[Strength, ...]:
        """Return numbers of rows with value 0 that are added to each class."""
        return tuple(Strength(one) for one in choices(section.strength, STRENGTHS))

    def fit(self, features: Callable[[Rows], Floats], label: Rows, classes: int, settings: Strength) -> LinearRows:
        """Return the sums of all rows."""
        sums = ClassSums.of(features(np.arange(len(label))), label, classes, settings.value)
        return LinearRows(partial(NearestMeanFold, sums))


closed_forms.register("nearest_mean")(NearestMeanForm())
