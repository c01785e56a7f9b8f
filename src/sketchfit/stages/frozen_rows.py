"""Frozen features as rows that can be compared and that heads can be fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.features import BankFeatures
from sketchfit.bank.heads import Ridge, choose_strength
from sketchfit.bank.reduce import reduced
from sketchfit.bank.scale import scaled
from sketchfit.data.folds import stratified_folds
from sketchfit.relations.resemblance import Certainty, FoldPlan

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


MOST_VALUES = 1 << 28
"""Features of each table that are compared: 1 GB; of 3,000 features per image, 90,000 rows."""

RUN, RUNS_PER_CLASS = 64, 4
"""Where not all rows are used: most rows that follow each other, and runs of such rows per class, on average."""


@dataclass(frozen=True)
class FrozenRows:
    """Scaled features of the training rows whose image was read, or of some of them, n of N.

    Attributes:
        row: int64 [n], rows of the training table, ascending.
        values: float32 [n, K], principal components.
        label: int64 [n], classes.
        classes: number of classes.
        test_values: float32 [m, K], the test rows whose image was read, or some of them.
    """

    row: Ints
    values: Floats
    label: Ints
    classes: int
    test_values: Floats

    @classmethod
    def of(cls, features: BankFeatures, label: Ints) -> FrozenRows:
        """Return the rows of both tables; label is int64 [N].

        Of many rows, parts of the table that follow each other are used, as related rows are often next to each other
        in it (`MOST_VALUES`). Scale and components are fitted on both tables. If they were fitted on training rows
        alone, training rows would be more different from each other than from test rows.
        """
        classes = int(label.max()) + 1
        most = max(1, MOST_VALUES // max(sum(features.widths), classes))
        readable = features.train_readable, features.test_readable
        row, of_test = (_some(np.flatnonzero(mask), most, classes) for mask in readable)
        both = np.concatenate([features.train_stored.rows(row), features.test_stored.rows(of_test)])
        (both,) = scaled(both, widths=features.widths)
        (values,) = reduced(both)
        return cls(row, values[: len(row)], label[row], classes, values[len(row) :])

    @cached_property
    def strength(self) -> float:
        """Strength of the penalty of a head with the least error of rows that are left out."""
        return choose_strength(self.values, self.label, self.classes)

    @cached_property
    def head(self) -> Ridge:
        """A head on all rows, from which rows can be taken away."""
        return Ridge.of(self.values, self.label, self.classes, self.strength)

    def right_without(self, held: Ints) -> NDArray[np.bool_]:
        """Return whether a head that is fitted without some rows is right on each: bool [m], of int64 [m] places."""
        return np.asarray(self.head.held_out(held).argmax(axis=1) == self.label[held])

    def judge(self, held: Ints, of_test: Ints) -> tuple[Certainty, Certainty]:
        """Return the certainty of a head without some rows, of these rows and of some test rows (places, int64)."""
        head = self.head.without(held)
        return _certainty(head.scores(self.values[held])), _certainty(head.scores(self.test_values[of_test]))

    def head_accuracy(self, group: Ints, plan: FoldPlan) -> float:
        """Return the out-of-fold accuracy of a head, with folds that keep groups together: 0 … 1.

        Args:
            group: int64 [N], of all training rows.
            plan: of the folds.
        """
        part = stratified_folds(self.label, [1 / plan.k] * plan.k, plan.seed, group[self.row])
        parts = [np.flatnonzero(part == number) for number in range(plan.k)]
        return sum(int(self.right_without(rows).sum()) for rows in parts if len(rows)) / len(self.row)


def _some(rows: Ints, most: int, classes: int) -> Ints:
    """Return all rows, or evenly spaced runs of them, about `most` altogether."""
    if len(rows) <= most:
        return rows
    run = min(max(2, most // (RUNS_PER_CLASS * classes)), RUN, most)
    starts = np.linspace(0, len(rows) - run, max(1, most // run)).astype(np.int64)
    return rows[np.unique(starts[:, None] + np.arange(run))]


def _certainty(scores: Floats) -> Certainty:
    """Return the difference of the two highest scores of each row, and the class of the highest."""
    highest = np.sort(np.partition(scores, -2, axis=1)[:, -2:], axis=1)
    return Certainty(highest[:, 1] - highest[:, 0], scores.argmax(axis=1).astype(np.int64))
