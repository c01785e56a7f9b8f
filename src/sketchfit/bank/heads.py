"""Linear heads by ridge regression on ±1 targets, in closed form, and many refits without some rows from one matrix.

Removing rows S from a ridge regression changes its residuals on them to (I - H_SS)^-1 r_S, where H is the hat matrix
and r the residuals of the fit on all rows. So a fit that leaves out a few rows costs a system of that size. Where more
than half as many rows are left out as there are columns, their part is subtracted from the matrix of the normal
equations instead. Both are exact. Source: Cook and Weisberg, "Residuals and Influence in Regression", 1982, sec. 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from sketchfit.bank.removal import by_group, check_removable, group_numbers, targets_of

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]

CHUNK = 2048
"""Rows that are held in float64 at once."""

STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Strengths among which `choose_strength` chooses."""


@dataclass(frozen=True)
class Head:
    """A linear head.

    Attributes:
        weight: float32 [D, C].
        bias: float32 [C].
    """

    weight: Floats
    bias: Floats

    def scores(self, features: Floats) -> Floats:
        """Return scores float32 [n, C] of features float32 [n, D]: about 1 for the class, -1 for others."""
        found: Floats = features @ self.weight
        found += self.bias
        return found


@dataclass(frozen=True)
class Ridge:
    """A ridge regression on all rows, from which rows can be taken away.

    The intercept is not penalised. So a class of which no row is left has the score -1 everywhere.

    Attributes:
        features: float32 [n, D].
        label: int64 [n].
        classes: number of classes, C.
        gram: float64 [D + 1, D + 1], of the normal equations, penalty included; the last column is the intercept.
        moment: float64 [D + 1, C], their right side.
        strength: of the penalty, as for `of`.
    """

    features: Floats
    label: Rows
    classes: int
    gram: Doubles
    moment: Doubles
    strength: float

    @classmethod
    def of(cls, features: Floats, label: Rows, classes: int, strength: float) -> Ridge:
        """Set up the regression; memory is about 8 (D² + D C) bytes.

        Args:
            features: float32 [n, D], n at least 2, preferably with mean 0.
            label: int64 [n], 0 … C-1.
            classes: number of classes, C.
            strength: of the penalty, above 0, in units of the mean squared distance of a row from the mean row.

        Raises:
            ValueError: a strength that is not above 0.
        """
        if not strength > 0:
            raise ValueError(f"the strength is {strength}, and must be above 0")
        width = features.shape[1]
        gram, moment = np.zeros((width + 1, width + 1)), np.zeros((width + 1, classes))
        for start in range(0, len(features), CHUNK):
            rows = slice(start, start + CHUNK)
            values = _with_one(features[rows])
            gram += values.T @ values
            moment += values.T @ targets_of(label[rows], classes)
        count = len(features)
        spread = (np.trace(gram[:-1, :-1]) - float(np.square(gram[-1, :-1]).sum()) / count) / count
        gram[np.arange(width), np.arange(width)] += strength * (spread if spread > 0 else 1.0)
        return cls(features, label, classes, gram, moment, strength)

    @cached_property
    def head(self) -> Head:
        """The head fitted on all rows."""
        return head_of(self._solution)

    def without(self, rows: Rows) -> Head:
        """Return the head fitted on all rows but these, which are distinct.

        Raises:
            ValueError: no row is left, or rows that are not distinct.
        """
        check_removable(rows, len(self.features))
        gram, moment = self.gram_without(rows), self.moment_without(rows)
        return head_of(scipy.linalg.solve(gram, moment, assume_a="pos", overwrite_a=True, overwrite_b=True))

    def values(self, rows: Rows) -> Doubles:
        """Return the features of rows and a column of ones, float64 [k, D + 1]."""
        return _with_one(self.features[rows])

    def gram_without(self, rows: Rows) -> Doubles:
        """Return `gram` without rows, a new array."""
        gram = self.gram.copy()
        for start in range(0, len(rows), CHUNK):
            values = self.values(rows[start : start + CHUNK])
            gram -= values.T @ values
        return gram

    def moment_without(self, rows: Rows) -> Doubles:
        """Return `moment` without rows, a new array."""
        moment = self.moment.copy()
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            moment -= self.values(part).T @ targets_of(self.label[part], self.classes)
        return moment

    def held_out(self, rows: Rows, removed: Rows | None = None) -> Floats:
        """Return the scores of rows by a head that is fitted without them.

        Args:
            rows: int64 [s], distinct.
            removed: int64, further rows without which the head is fitted; some may be among `rows`.

        Returns:
            float32 [s, C], in the order of `rows`.

        Raises:
            ValueError: no row is left, or rows that are not distinct.
        """
        left_out = rows if removed is None else np.concatenate([rows, np.setdiff1d(removed, rows)])
        if 2 * len(left_out) > len(self.gram):
            return self.without(left_out).scores(self.features[rows])
        check_removable(left_out, len(self.features))
        values, targets = _with_one(self.features[left_out]), targets_of(self.label[left_out], self.classes)
        whitened = scipy.linalg.solve_triangular(self._factor, values.T, lower=True)
        own = np.eye(len(left_out)) - whitened.T @ whitened
        residual = scipy.linalg.solve(own, targets - values @ self._solution, assume_a="pos", overwrite_b=True)
        found: Floats = (targets - residual)[: len(rows)].astype(np.float32)
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
        size = np.bincount(number)[number]
        scores = np.empty((count, self.classes), dtype=np.float32)
        single = np.flatnonzero(size == 1)
        for start in range(0, len(single), CHUNK):
            part = single[start : start + CHUNK]
            values, targets = _with_one(self.features[part]), targets_of(self.label[part], self.classes)
            whitened = scipy.linalg.solve_triangular(self._factor, values.T, lower=True)
            own = 1 - np.square(whitened).sum(axis=0)
            scores[part] = targets - (targets - values @ self._solution) / own[:, None]
        for rows in by_group(number, np.flatnonzero(size > 1)):
            scores[rows] = self.held_out(rows)
        return scores

    @cached_property
    def _factor(self) -> Doubles:
        """The lower Cholesky factor of `gram`."""
        factor: Doubles = scipy.linalg.cholesky(self.gram, lower=True)
        return factor

    @cached_property
    def _solution(self) -> Doubles:
        """Weights and intercept, float64 [D + 1, C]."""
        solution: Doubles = scipy.linalg.cho_solve((self._factor, True), self.moment)
        return solution


def choose_strength(
    features: Floats, label: Rows, classes: int, group: Rows | None = None, strengths: Sequence[float] = STRENGTHS
) -> float:
    """Return the strength with the smallest squared error of rows that are left out, group by group.

    Args:
        features: float32 [n, D].
        label: int64 [n], 0 … C-1.
        classes: number of classes, C.
        group: int64 [n], rows that are left out together; None: each row is a group.
        strengths: to choose from; of equal ones the first.
    """
    errors = []
    for strength in strengths:
        scores = Ridge.of(features, label, classes, strength).left_out(group)
        errors.append(_squared_error(scores, label))
    return strengths[int(np.argmin(errors))]


def _squared_error(scores: Floats, label: Rows) -> float:
    """Return the mean squared distance of scores [n, C] from the targets."""
    own = float(scores[np.arange(len(label)), label].sum(dtype=np.float64))
    squares, total = (float(values.sum(dtype=np.float64)) for values in (np.square(scores), scores))
    return float((squares + 2 * total - 4 * own) / len(label) + scores.shape[1])


def head_of(solution: Doubles) -> Head:
    """Return the head of weights and intercept, float64 [D + 1, C]."""
    return Head(solution[:-1].astype(np.float32), solution[-1].astype(np.float32))


def _with_one(features: Floats) -> Doubles:
    """Return features [n, D] with a column of ones, float64 [n, D + 1]."""
    values = np.ones((len(features), features.shape[1] + 1))
    values[:, :-1] = features
    return values
