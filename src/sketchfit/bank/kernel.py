"""Heads by kernel ridge regression with a Gaussian kernel, in closed form, and refits without some rows.

With G = K + λI for the kernel matrix K of all rows, the coefficients are α = G⁻¹ Y. Removing rows S leaves the
coefficients α_R - (G⁻¹)_RS ((G⁻¹)_SS)⁻¹ α_S for the other rows R, and the scores Y_S - ((G⁻¹)_SS)⁻¹ α_S for the
removed ones. So one inverse gives the heads of all folds, exactly. Source: Rasmussen and Williams, "Gaussian Processes
for Machine Learning", 2006, sec. 5.4.2, with the inverse of a partitioned matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.linalg import lapack

from sketchfit.bank.removal import by_group, check_removable, group_numbers, targets_of

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]

MOST_ROWS = 12_000
"""The inverse of as many rows takes 1.2 GB."""

CHUNK = 1024
"""Rows whose kernel values are held at once."""

TILE = 128
"""Rows that are transposed at once: they fit into a core's cache."""

_SAMPLE = 1000
"""Rows whose distances give the median."""


@dataclass(frozen=True)
class KernelSettings:
    """Of a Gaussian kernel ridge regression.

    Attributes:
        width: the kernel is exp(-width · d² / m), where d is the distance of two rows and m the median of d².
        strength: of the penalty, above 0; the kernel of a row with itself is 1.
    """

    width: float = 0.5
    strength: float = 0.06

    def __str__(self) -> str:
        return f"width {self.width:g}, strength {self.strength:g}"


@dataclass(frozen=True)
class Kernel:
    """exp(-gamma · d²) + 1: the 1 is an intercept, penalised as the rest is."""

    gamma: float

    @classmethod
    def of(cls, features: Floats, width: float) -> Kernel:
        """Set the kernel by the median squared distance of sampled rows of float32 [n, D]."""
        rows = np.random.default_rng(0).permutation(len(features))[:_SAMPLE]
        distance = squared_distances(features[rows], features[rows])
        apart = distance[np.triu_indices(len(rows), 1)]
        median = float(np.median(apart)) if len(apart) else 1.0
        return cls(width / median if median > 0 else width)

    def between(self, one: Floats, other: Floats) -> Floats:
        """Return the kernel values of rows [n, D] and [m, D], float32 [n, m]."""
        values = squared_distances(one, other)
        values *= np.float32(-self.gamma)
        np.exp(values, out=values)
        values += np.float32(1)
        return values


@dataclass(frozen=True)
class KernelHead:
    """A head that compares rows with those it was fitted on.

    Attributes:
        kernel: between rows.
        features: float32 [n, D], of the rows it was fitted on.
        dual: float32 [n, C], their coefficients.
    """

    kernel: Kernel
    features: Floats
    dual: Floats

    def scores(self, features: Floats) -> Floats:
        """Return scores float32 [m, C] of features float32 [m, D]: about 1 for the class, -1 for others."""
        found = np.empty((len(features), self.dual.shape[1]), dtype=np.float32)
        for start in range(0, len(features), CHUNK):
            rows = slice(start, start + CHUNK)
            found[rows] = self.kernel.between(features[rows], self.features) @ self.dual
        return found


@dataclass(frozen=True)
class KernelRidge:
    """A kernel ridge regression on all rows, from which rows can be taken away.

    Attributes:
        features: float32 [n, D].
        label: int64 [n].
        classes: number of classes, C.
        kernel: between rows.
        inverse: float64 [n, n], of the kernel matrix plus the penalty.
    """

    features: Floats
    label: Rows
    classes: int
    kernel: Kernel
    inverse: Doubles

    @classmethod
    def of(cls, features: Floats, label: Rows, classes: int, settings: KernelSettings | None = None) -> KernelRidge:
        """Set up the regression: time is about n³, memory 8 n² bytes.

        Args:
            features: float32 [n, D], n from 2 to `MOST_ROWS`.
            label: int64 [n], 0 … C-1.
            classes: number of classes, C.
            settings: of the kernel.

        Raises:
            ValueError: a width or strength that is not above 0, or too many rows.
        """
        settings = settings or KernelSettings()
        if not min(settings.width, settings.strength) > 0:
            raise ValueError(f"width {settings.width} and strength {settings.strength} must be above 0")
        if len(features) > MOST_ROWS:
            raise ValueError(f"{len(features):,} rows are more than {MOST_ROWS:,}")
        kernel = Kernel.of(features, settings.width)
        return cls(features, label, classes, kernel, _inverse(kernel, features, settings.strength))

    @property
    def support(self) -> Floats:
        """Rows that heads compare others with, all of them."""
        return self.features

    @cached_property
    def head(self) -> KernelHead:
        """The head fitted on all rows."""
        return KernelHead(self.kernel, self.features, self.dual.astype(np.float32))

    def without(self, rows: Rows) -> KernelHead:
        """Return the head fitted on all rows but these, which are distinct.

        Raises:
            ValueError: no row is left, or rows that are not distinct.
        """
        check_removable(rows, len(self.features))
        kept = np.setdiff1d(np.arange(len(self.features)), rows)
        dual = self.dual[kept] - self.inverse[np.ix_(kept, rows)] @ self._residual(rows)
        return KernelHead(self.kernel, self.features[kept], dual.astype(np.float32))

    def held_out(self, rows: Rows) -> Floats:
        """Return the scores of rows, int64 [s] and distinct, by a head that is fitted without them: float32 [s, C].

        Raises:
            ValueError: no row is left, or rows that are not distinct.
        """
        check_removable(rows, len(self.features))
        found: Floats = (targets_of(self.label[rows], self.classes) - self._residual(rows)).astype(np.float32)
        return found

    def left_out(self, group: Rows | None = None) -> Floats:
        """Return the scores of each row by a head that is fitted without the rows of its group.

        Args:
            group: int64 [n], at least two different; None: each row is a group.

        Returns:
            float32 [n, C].
        """
        count = len(self.features)
        number = group_numbers(group, count)
        scores = targets_of(self.label, self.classes) - self.dual / np.diagonal(self.inverse)[:, None]
        found: Floats = scores.astype(np.float32)
        size = np.bincount(number)[number]
        for rows in by_group(number, np.flatnonzero(size > 1)):
            found[rows] = self.held_out(rows)
        return found

    def _residual(self, rows: Rows) -> Doubles:
        """Return the errors of a head without some rows on them, float64 [s, C]."""
        own = self.inverse[np.ix_(rows, rows)]
        residual: Doubles = scipy.linalg.solve(own, self.dual[rows], assume_a="pos", overwrite_a=True)
        return residual

    @cached_property
    def dual(self) -> Doubles:
        """Coefficients of all rows, float64 [n, C]."""
        return self.inverse @ targets_of(self.label, self.classes)


def _inverse(kernel: Kernel, features: Floats, strength: float) -> Doubles:
    """Return the inverse of the kernel matrix plus the penalty, float64 [n, n]."""
    count = len(features)
    matrix = np.empty((count, count), order="F")
    for start in range(0, count, CHUNK):  # the lower triangle is enough
        rows = slice(start, start + CHUNK)
        matrix[start:, rows] = kernel.between(features[start:], features[rows])
    matrix[np.diag_indices(count)] += strength
    factor, trouble = lapack.dpotrf(matrix, lower=True, overwrite_a=True)
    if trouble == 0:
        factor, trouble = lapack.dpotri(factor, lower=True, overwrite_c=True)
    if trouble != 0:
        raise ValueError(f"the penalty {strength} is too small for these features")
    for start in range(0, count, TILE):  # the routine fills the lower triangle alone
        stop = start + TILE
        square = factor[start:stop, start:stop]
        square[:] = np.tril(square) + np.tril(square, -1).T
        factor[start:stop, stop:] = factor[stop:, start:stop].T
    return np.asarray(factor)


def squared_distances(one: Floats, other: Floats) -> Floats:
    """Return squared distances of rows [n, D] and [m, D], float32 [n, m], at least 0."""
    values: Floats = one @ other.T
    values *= np.float32(-2)
    values += np.square(one).sum(axis=1)[:, None]
    values += np.square(other).sum(axis=1)[None, :]
    return np.maximum(values, 0, out=values)
