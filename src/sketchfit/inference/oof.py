"""Out-of-fold rows of a run: which they are, what is known of them, and how good the answers are step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.errors import UserError
from sketchfit.inference.folding import estimation_folds
from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference
from sketchfit.inference.metrics import top_k_correct

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Rows:
    """The training rows that have out-of-fold probabilities, n of them, ascending.

    Attributes:
        row: int64 [n], row numbers of the training table.
        label: int64 [n].
        fold: int64 [n], folds for nested estimates; near-duplicates share one.
        group: int64 [n], a number a family of near-duplicates; None where none are known.
    """

    row: NDArray[np.int64]
    label: NDArray[np.int64]
    fold: NDArray[np.int64]
    group: NDArray[np.int64] | None

    def right(self, prob: Floats) -> NDArray[np.bool_]:
        """Bool [n]: the first class is the true one."""
        return top_k_correct(prob, self.label)


@dataclass(frozen=True)
class Answers:
    """Probabilities at some step: `oof` float32 [n, C] of the rows, `test` float32 [N_test, C]."""

    oof: Floats
    test: Floats


@dataclass(frozen=True)
class Step:
    """What one step made of the out-of-fold accuracy.

    Attributes:
        name: of the step.
        top1: after it.
        gain: over what stood before; None for what starts.
    """

    name: str
    top1: Estimate
    gain: Difference | None

    def __str__(self) -> str:
        return f"{self.top1}" if self.gain is None else f"{self.top1}; {self.gain}"


@dataclass
class Steps:
    """The steps so far, each scored on the same rows."""

    rows: Rows
    done: list[Step] = field(default_factory=list)

    def add(self, name: str, prob: Floats, before: Floats | None = None) -> Step:
        """Score a step; `before` [n, C] is what it must improve on."""
        right = self.rows.right(prob)
        gain = None if before is None else paired_difference(self.rows.right(before), right, self.rows.group)
        self.done.append(Step(name, accuracy(right, self.rows.group), gain))
        return self.done[-1]


def read_rows(folds: Path, row: NDArray[np.int64]) -> Rows:
    """What `folds.parquet` says of these rows (ascending).

    Raises:
        UserError: the file is missing, or has no such rows.
    """
    if not folds.is_file():
        raise UserError(f"{folds} is missing", "Let `sketchfit run` finish first.")
    frame = pd.read_parquet(folds)
    if len(row) and row[-1] >= len(frame):
        raise UserError(f"{folds} has {len(frame)} rows, and there are probabilities of row {row[-1]}")
    group = frame["group"].to_numpy(np.int64)[row]
    known = None if len(np.unique(frame["group"])) == len(frame) else group
    column = "fold" if "fold" in frame.columns else "fold_0"
    fold = estimation_folds(frame[column].to_numpy(np.int64)[row], known).astype(np.int64)
    return Rows(row, frame["label"].to_numpy(np.int64)[row], fold, known)


def mean_by_row(rows: Sequence[NDArray[np.int64]], probs: Sequence[Floats]) -> tuple[NDArray[np.int64], Floats]:
    """Probabilities of several folds as one: rows int64 [n], ascending, and float32 [n, C].

    A row that is validated in several repeats gets the mean.
    """
    unique, place, times = np.unique(np.concatenate(rows), return_inverse=True, return_counts=True)
    total = np.zeros((len(unique), probs[0].shape[1]), dtype=np.float64)
    np.add.at(total, place, np.concatenate(probs))
    return unique, (total / times[:, None]).astype(np.float32)


def estimate_json(estimate: Estimate | Difference) -> dict[str, Any]:
    """An estimate as plain values, for a JSON file."""
    return {name: getattr(estimate, name) for name in estimate.__dataclass_fields__}
