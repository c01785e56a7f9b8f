from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.heads import Head
from sketchfit.bank.linear_rows import LinearForm, LinearRows, Strength
from sketchfit.bank.refit_fold import RefitFold
from sketchfit.config.kernel import KernelSection

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Medians:
    """A median per class; the score is the product with it."""

    features: Floats
    label: Rows
    classes: int

    def values(self, rows: Rows) -> Floats:
        return self.features[rows]

    def on_features(self, head: Head) -> Head:
        return head

    def fit(self, rows: Rows) -> Head:
        weight = np.zeros((self.features.shape[1], self.classes), dtype=np.float32)
        bias = np.full(self.classes, -10, dtype=np.float32)
        for one in np.unique(self.label[rows]):
            weight[:, one] = np.median(self.features[rows[self.label[rows] == one]], axis=0)
            bias[one] = 0
        return Head(weight, bias)


class MedianForm(LinearForm):
    """Nearest class median."""

    def candidates(self, section: KernelSection) -> tuple[Strength, ...]:
        return (Strength(section.strength if isinstance(section.strength, float) else 1.0),)

    def fit(self, features: Callable[[Rows], Floats], label: Rows, classes: int, settings: Strength) -> LinearRows:
        return LinearRows(partial(RefitFold, Medians(features(np.arange(len(label))), label, classes)))


medians = MedianForm()
