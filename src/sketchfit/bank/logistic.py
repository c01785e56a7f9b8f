"""Heads by multinomial logistic regression with a squared penalty, by scikit-learn: one fit per fold.

Each fit starts at zero: a start from a fit on all rows would carry their labels into the fold, up to the tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from sketchfit.bank.heads import Head
from sketchfit.bank.row_space import RowSpace

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

TOLERANCE = 1e-4
"""Largest derivative of the mean loss at which a fit ends."""

MOST_STEPS = 500


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

    def values(self, rows: Rows) -> Floats:
        """Return the coordinates of rows, float32 [k, r]."""
        return self.space.values[rows]

    def on_features(self, head: Head) -> Head:
        """Return a head of features, of one of coordinates."""
        return self.space.lifted(head)

    def fit(self, rows: Rows) -> Head:
        """Return the head of coordinates that is fitted on rows."""

        label = self.label[rows]
        present, own = np.unique(label, return_inverse=True)
        weight = np.zeros((self.space.values.shape[1], self.classes), dtype=np.float32)
        bias = np.zeros(self.classes)
        if len(present) > 1:
            from sklearn.linear_model import LogisticRegression  # slow to import, and only this head needs it

            model = LogisticRegression(C=1 / self.strength, tol=TOLERANCE, max_iter=MOST_STEPS)
            model.fit(self.space.values[rows], own)
            coefficients, intercepts = model.coef_, model.intercept_
            if len(present) == 2:  # one row of coefficients, for the second class
                coefficients, intercepts = (np.concatenate([-one, one]) / 2 for one in (coefficients, intercepts))
            weight[:, present], bias[present] = coefficients.T, intercepts
        absent = np.setdiff1d(np.arange(self.classes), present)
        bias[absent] = logsumexp(bias[present]) - np.log(2 * len(rows))  # half a row among them, at the mean row
        return Head(weight, bias.astype(np.float32))
