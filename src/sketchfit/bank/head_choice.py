"""Settings of a head by rows that are left out: per fold, on some of its training rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.closed_form import AllRows, ClosedForm

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

MOST = 2000
"""Rows that are compared. The best penalty depends on the rows per class, so they are of few classes."""

FEWEST_CLASSES = 20


def some_classes(label: Rows, most: int = MOST) -> Rows:
    """Return rows of as many classes as fit into a number of rows, int64 ascending; the same ones each time."""
    if len(label) <= most:
        return np.arange(len(label))
    rng, classes = np.random.default_rng(0), np.unique(label)
    count = max(most * len(classes) // len(label), min(FEWEST_CLASSES, len(classes)))
    rows = np.flatnonzero(np.isin(label, rng.permutation(classes)[:count]))
    return rows if len(rows) <= most else np.sort(rng.permutation(rows)[:most])


@dataclass(frozen=True)
class HeadChoice:
    """Candidates on the same rows.

    Attributes:
        features: float32 [k, D].
        label: int64 [k].
        group: int64 [k], rows that are left out together; None: each row is a group.
        form: kind of the head.
        candidates: its settings; of nearly equal ones the first is chosen.
    """

    features: Floats
    label: Rows
    group: Rows | None
    form: ClosedForm
    candidates: Sequence[Hashable]

    @classmethod
    def of(
        cls,
        features: Callable[[Rows], Floats],
        label: Rows,
        group: Rows | None,
        form: ClosedForm,
        candidates: Sequence[Hashable],
    ) -> tuple[HeadChoice, Rows]:
        """Prepare the choice on some of n rows; return it and these rows, int64 [k].

        Args:
            features: returns float32 [k, D] of rows int64 [k].
            label: int64 [n].
            group: int64 [n]; None: each row is a group.
            form, candidates: as for the class.
        """
        rows = some_classes(label)
        number = np.unique(label[rows], return_inverse=True)[1]
        return cls(features(rows), number, None if group is None else group[rows], form, candidates), rows

    def without(self, removed: Rows) -> Hashable:
        """Return the settings for a head without some rows, whose labels have no influence.

        The accuracy on rows that are left out group by group is compared. The first candidate is taken that is at most
        one standard error of the paired difference below the best.
        """
        if len(self.candidates) == 1:
            return self.candidates[0]
        right = [self._right(fit, removed) for fit in self._fits]
        best = right[int(np.argmax([one.sum() for one in right]))]
        worse = [best.sum() - one.sum() <= np.sqrt((best != one).sum()) for one in right]
        return self.candidates[worse.index(True)]

    @cached_property
    def _fits(self) -> list[AllRows]:
        classes = int(self.label.max()) + 1
        return [self.form.fit(lambda rows: self.features[rows], self.label, classes, one) for one in self.candidates]

    def _right(self, fit: AllRows, removed: Rows) -> NDArray[np.bool_]:
        rows, scores = fit.fold(removed).left_out(self.group)
        return np.asarray(scores.argmax(axis=1) == self.label[rows])
