"""The standard error of an accuracy on other rows of the same classes, where rows are related."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.inference.intervals import LEVEL
from sketchfit.runs.few_groups import degrees_of_freedom, independent_groups, jackknife_scale, t_quantile


def error_within_classes(
    right: Bools, label: Ints, group: Ints | None, weight: Floats | None = None
) -> tuple[float, float]:
    """Return the standard error of the accuracy on other rows of the same classes, and its degrees of freedom.

    Test rows are of the same classes, so what differs between classes is no source of error. Rows of one group are
    right or wrong together. Few groups, or a large one, estimate that badly. Where groups are unequal, the error needs
    not be larger than that of groups whose rows are all alike.

    Args:
        right: bool [n].
        label: int64 [n].
        group: int64 [n], related rows share a number; None where all rows are independent.
        weight: float64 [n], 1 in the mean, the same for rows of a class; None: 1.
    """
    rows = _Rows.of(label, group, weight)
    variance, freedom = rows.variance(right), rows.freedom
    bound = max(variance, rows.binomial(right) / independent_groups(rows.group_weight))
    if t_quantile(LEVEL, freedom) ** 2 * variance > t_quantile(LEVEL, rows.freedom_if_equal) ** 2 * bound:
        return float(np.sqrt(bound)), rows.freedom_if_equal
    return float(np.sqrt(variance)), freedom


@dataclass(frozen=True)
class _Rows:
    """Classes and groups of n rows.

    Attributes:
        classes: int64 [n], 0 … C - 1.
        group: int64 [n], 0 … G - 1.
        weight: float64 [n].
        cell: int64 [n], number of the group within the class of each row.
        cell_class: int64 [cells], class of each.
        cell_rows: int64 [cells], number of rows of each.
    """

    classes: Ints
    group: Ints
    weight: Floats
    cell: Ints
    cell_class: Ints
    cell_rows: Ints

    @classmethod
    def of(cls, label: Ints, group: Ints | None, weight: Floats | None) -> _Rows:
        own = np.arange(len(label)) if group is None else np.unique(group, return_inverse=True)[1]
        classes = np.unique(label, return_inverse=True)[1]
        both = np.stack([classes, own])
        cells, place, rows = np.unique(both, axis=1, return_inverse=True, return_counts=True)
        return cls(classes, own, np.ones(len(label)) if weight is None else weight, place, cells[0], rows)

    @cached_property
    def groups(self) -> Ints:
        """Groups of each class, int64 [C]."""
        return np.bincount(self.cell_class).astype(np.int64)

    @cached_property
    def group_weight(self) -> Floats:
        """Weight of all rows of each group, float64 [G]."""
        return np.asarray(np.bincount(self.group, weights=self.weight), dtype=np.float64)

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the variance, at least 1."""
        of_all = degrees_of_freedom(self.group_weight, np.zeros(len(self.group_weight), dtype=np.int64))
        return max(min(of_all, degrees_of_freedom(self.cell_rows, self.cell_class) + self._freedom_alone), 1.0)

    @property
    def freedom_if_equal(self) -> float:
        """Those of as many groups of equal size."""
        return float(max(min(len(self.group_weight) - 1, int((self.groups - 1).sum()) + self._freedom_alone), 1))

    @property
    def _freedom_alone(self) -> int:
        """Those of classes with one group, which are compared with all rows."""
        return max(int((self.groups == 1).sum()) - 1, 0)

    def binomial(self, right: Bools) -> float:
        """Return the variance of one row that is right as often as these; never 0."""
        count = len(right)
        share = (float(self.weight @ right) + 0.5) / (count + 1)
        return share * (1 - share) * (count + 1) / count * float(np.square(self.weight).mean())

    def variance(self, right: Bools) -> float:
        """Return the variance of the accuracy: that between groups, but not below that of independent rows.

        Few groups can agree by chance; no variance is below half of that of rows that are right as often.
        """
        mean = np.bincount(self.classes, weights=right) / np.bincount(self.classes)
        # A class with one group is compared with all rows, as it has no mean of other groups.
        centre = np.where(self.groups > 1, mean, right.mean())[self.classes]
        away = self.weight * (right - centre)
        scale = jackknife_scale(self.cell_rows, self.cell_class)[self.cell]
        between = np.square(np.bincount(self.group, weights=away * scale)).sum()
        alone = np.square(away * np.sqrt(self.groups / np.maximum(self.groups - 1, 1))[self.classes]).sum()
        return max(float(between), float(alone), len(right) * self.binomial(right) / 2) / len(right) ** 2
