"""Heads by multinomial logistic regression with a squared penalty, by scikit-learn: one fit per fold.

Each fit starts at zero: a start from a fit on all rows would carry their labels into the fold, up to the tolerance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression

from sketchfit.bank.heads import Head
from sketchfit.bank.removal import group_numbers
from sketchfit.bank.row_space import RowSpace
from sketchfit.bank.without_rows import WithoutRows

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

TOLERANCE = 1e-4
"""Largest derivative of the mean loss at which a fit ends."""

MOST_STEPS = 500

PARTS = 5
"""Parts of the kept rows that are left out in turn."""

FEW = 1000
"""Rows that are left out, at least; no further part is then."""


@dataclass(frozen=True)
class LogisticRows:
    """All rows of logistic regressions.

    Attributes:
        space: coordinates of the rows.
        label: int64 [n].
        classes: number of classes, C.
        strength: of the penalty strength · |weights|² / 2, next to the sum of the rows' log-losses.
    """

    space: RowSpace
    label: Rows
    classes: int
    strength: float

    def fit(self, rows: Rows) -> Head:
        """Return the head of coordinates that is fitted on rows."""
        label = self.label[rows]
        present, own = np.unique(label, return_inverse=True)
        weight = np.zeros((self.space.values.shape[1], self.classes), dtype=np.float32)
        bias = np.zeros(self.classes)
        if len(present) > 1:
            model = LogisticRegression(C=1 / self.strength, tol=TOLERANCE, max_iter=MOST_STEPS)
            model.fit(self.space.values[rows], own)
            coefficients, intercepts = model.coef_, model.intercept_
            if len(present) == 2:  # one row of coefficients, for the second class
                coefficients, intercepts = (np.concatenate([-one, one]) / 2 for one in (coefficients, intercepts))
            weight[:, present], bias[present] = coefficients.T, intercepts
        absent = np.setdiff1d(np.arange(self.classes), present)
        bias[absent] = logsumexp(bias[present]) - np.log(2 * len(rows))  # half a row among them, at the mean row
        return Head(weight, bias.astype(np.float32))


@dataclass(frozen=True)
class LogisticFold(WithoutRows[LogisticRows]):
    """A logistic regression on all rows but some."""

    @property
    def head(self) -> Head:
        """The head fitted on the kept rows, of features."""
        return self.full.space.lifted(self._head)

    def held_out(self) -> Floats:
        """Return the scores of the removed rows, float32 [s, C]."""
        return self._head.scores(self.full.space.values[self.removed])

    def left_out(self, group: Rows | None = None) -> tuple[Rows, Floats]:
        """Return the scores of kept rows by heads that are fitted without a part of them, which has complete groups.

        Args:
            group: int64 [n], of all rows; None: each row is a group.

        Returns:
            Rows int64 [k], all kept ones or at least `FEW`; scores float32 [k, C], 0 where no row is left to fit on.
        """
        rows, scores = zip(*self._parts(group), strict=True)
        return np.concatenate(rows), np.concatenate(scores)

    def _parts(self, group: Rows | None) -> Iterator[tuple[Rows, Floats]]:
        """Yield rows that are left out together, and their scores."""
        number = group_numbers(None if group is None else group[self.kept], len(self.kept))
        part = (np.random.default_rng(0).permutation(int(number.max()) + 1) % PARTS)[number]
        done = 0
        for one in range(PARTS):
            rows, rest = self.kept[part == one], self.kept[part != one]
            if len(rows) == 0 or done >= FEW:
                continue
            done += len(rows)
            values = self.full.space.values[rows]
            empty = np.zeros((len(rows), self.full.classes), dtype=np.float32)
            yield rows, self.full.fit(rest).scores(values) if len(rest) else empty

    @cached_property
    def _head(self) -> Head:
        return self.full.fit(self.kept)
