"""Heads of class means: a row has the class whose mean is nearest. Rows are removed by subtracting them from sums.

The score is x·m - |m|²/2, which is largest where |x - m|² is smallest, so the head is linear. The mean of a class is
its sum over its number of rows plus `strength`: with few rows it is nearer to 0, the mean of all rows. A class without
rows has the score of a class whose only row is at right angles: half the mean squared length of a row, negative. Source
of shrunken means: Tibshirani et al., "Diagnosis of multiple cancer types by shrunken centroids", PNAS 2002.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.heads import Head
from sketchfit.bank.removal import by_group, group_numbers
from sketchfit.bank.without_rows import WithoutRows

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]

CHUNK = 2048
"""Rows that are held in float64 at once."""


@dataclass(frozen=True)
class ClassSums:
    """Sums over the rows of each class.

    Attributes:
        features: float32 [n, D], with mean 0.
        label: int64 [n].
        total: float64 [C, D], sum of the rows of each class.
        count: float64 [C], number of them.
        strength: rows with value 0 that are added to each class, at least 0.
        empty: score of a class without rows.
    """

    features: Floats
    label: Rows
    total: Doubles
    count: Doubles
    strength: float
    empty: float

    @classmethod
    def of(cls, features: Floats, label: Rows, classes: int, strength: float) -> ClassSums:
        """Sum up all rows.

        Args:
            features: float32 [n, D], with mean 0.
            label: int64 [n], 0 … C-1.
            classes: number of classes, C.
            strength: rows with value 0 that are added to each class, at least 0.
        """
        squares = float(np.einsum("nd,nd->", features, features, dtype=np.float64))
        total, count = class_sums(features, label, classes)
        return cls(features, label, total, count, strength, -squares / (2 * len(label)))

    @property
    def classes(self) -> int:
        """Number of classes, C."""
        return len(self.count)

    def means(self, total: Doubles, count: Doubles) -> tuple[Doubles, Doubles]:
        """Return weights [k, D] and intercepts [k] of classes with these sums [k, D] and numbers of rows [k]."""
        mean = total / np.maximum(count + self.strength, np.finfo(np.float64).tiny)[:, None]
        mean[count == 0] = 0
        return mean, np.where(count == 0, self.empty, -np.square(mean).sum(axis=1) / 2)


def class_sums(features: NDArray[np.floating[Any]], label: Rows, classes: int) -> tuple[Doubles, Doubles]:
    """Return the sum of the rows of each class, float64 [C, D], and their number, float64 [C]."""
    total = np.zeros((classes, features.shape[1]))
    for start in range(0, len(label), CHUNK):
        part = slice(start, start + CHUNK)
        chosen = np.eye(classes)[label[part]]
        total += chosen.T @ features[part]
    return total, np.bincount(label, minlength=classes).astype(np.float64)


@dataclass(frozen=True)
class NearestMeanFold(WithoutRows[ClassSums]):
    """Class means of all rows but some."""

    @property
    def head(self) -> Head:
        """The head of the kept rows."""
        weight, bias = self._means
        return Head(np.ascontiguousarray(weight.T, dtype=np.float32), bias.astype(np.float32))

    def held_out(self) -> Floats:
        """Return the scores of the removed rows, float32 [s, C]."""
        return self.head.scores(self.full.features[self.removed])

    def left_out(self, group: Rows | None = None) -> tuple[Rows, Floats]:
        """Return the scores of all kept rows, by means without the rows of their groups.

        Args:
            group: int64 [n], of all rows; None: each row is a group.

        Returns:
            Rows int64 [n - s], scores float32 [n - s, C].
        """
        kept, scores = self.kept, self.head.scores(self.full.features[self.kept])
        number = group_numbers(None if group is None else group[kept], len(kept))
        size = np.bincount(number)[number]
        for places in by_group(number, np.flatnonzero(size > 1)):
            self._leave_out_together(scores, places)
        single = np.flatnonzero(size == 1)
        for start in range(0, len(single), CHUNK):
            self._leave_out_each(scores, single[start : start + CHUNK])
        return kept, scores

    def _leave_out_together(self, scores: Floats, places: Rows) -> None:
        """Replace the scores of some kept rows, of classes that lose rows with them, int64 [k]."""
        values = self.full.features[self.kept[places]].astype(np.float64)
        classes, own = np.unique(self.full.label[self.kept[places]], return_inverse=True)
        lost, count = class_sums(values, own, len(classes))
        weight, bias = self.full.means(self._total[classes] - lost, self._count[classes] - count)
        scores[np.ix_(places, classes)] = values @ weight.T + bias

    def _leave_out_each(self, scores: Floats, places: Rows) -> None:
        """Replace the scores of some kept rows of their own classes, int64 [k], each row left out alone."""
        values = self.full.features[self.kept[places]].astype(np.float64)
        own = self.full.label[self.kept[places]]
        weight, bias = self.full.means(self._total[own] - values, self._count[own] - 1)
        scores[places, own] = (values * weight).sum(axis=1) + bias

    @property
    def _total(self) -> Doubles:
        return self._sums[0]

    @property
    def _count(self) -> Doubles:
        return self._sums[1]

    @cached_property
    def _sums(self) -> tuple[Doubles, Doubles]:
        """Sums and numbers of the kept rows of each class."""
        full = self.full
        lost, count = class_sums(full.features[self.removed], full.label[self.removed], full.classes)
        return full.total - lost, full.count - count

    @cached_property
    def _means(self) -> tuple[Doubles, Doubles]:
        return self.full.means(*self._sums)
