"""Out-of-fold rows of a run: which they are, what is known of them, and their accuracy step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.errors import UserError
from sketchfit.inference.folding import estimation_folds
from sketchfit.inference.intervals import accuracy, paired_difference
from sketchfit.inference.metrics import top_k_correct
from sketchfit.runs.artefacts import Step
from sketchfit.runs.table import TrainingRows
from sketchfit.wording import counted

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Rows:
    """The training rows that have out-of-fold probabilities, n of them, ascending.

    Attributes:
        row: int64 [n], row numbers of the training table.
        label: int64 [n].
        fold: int64 [n], folds for nested estimates; rows of one group share one.
        group: int64 [n], one number per group of related rows that the folds keep together (near-duplicates, or also
            drawers, patients, clusters); None where none are known.
    """

    row: NDArray[np.int64]
    label: NDArray[np.int64]
    fold: NDArray[np.int64]
    group: NDArray[np.int64] | None

    def right(self, prob: Floats) -> NDArray[np.bool_]:
        """Return bool [n]: whether the most probable class is the true one."""
        return top_k_correct(prob, self.label)

    def step(self, name: str, prob: Floats, before: Floats | None = None) -> Step:
        """Score a step by its probabilities [n, C]; its gain is over `before` [n, C]."""
        right = self.right(prob)
        gain = None if before is None else paired_difference(self.right(before), right, self.group)
        return Step(name=name, top1=accuracy(right, self.group), gain=gain)


@dataclass(frozen=True)
class Predictions:
    """Probabilities at some step: `oof` float32 [n, C] of the rows, `test` float32 [N_test, C]."""

    oof: Floats
    test: Floats


def rows_of(table: TrainingRows, row: NDArray[np.int64]) -> Rows:
    """Select what is known of these rows (ascending) of the training table.

    Raises:
        UserError: the table has no such rows.
    """
    if len(row) and row[-1] >= len(table.label):
        raise UserError(
            f"the table has {counted(len(table.label), 'row')}, and there are probabilities of row {row[-1]}"
        )
    group = table.group[row] if table.grouped else None
    return Rows(row, table.label[row], estimation_folds(table.fold[row], group).astype(np.int64), group)
