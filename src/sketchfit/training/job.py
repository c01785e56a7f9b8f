"""What one training is: data in, weights out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.data.store import Store


@dataclass(frozen=True)
class SoftTargets:
    """Rows that are learnt as probabilities, and not as their label.

    Attributes:
        row: int64 [m], rows of the job's store, ascending, each once.
        prob: float32 [m, C], what to learn; rows sum to 1.
        weight: float32 [m], of the row in the loss, where any other row counts 1.
    """

    row: NDArray[np.int64]
    prob: NDArray[np.float32]
    weight: NDArray[np.float32]


@dataclass(frozen=True)
class TeacherTargets:
    """What a teacher says of training rows, for `loss.distill`.

    Attributes:
        row: int64 [m], rows of the job's store, ascending, each once.
        prob: float32 [m, C], the teacher's probabilities; rows sum to 1.
    """

    row: NDArray[np.int64]
    prob: NDArray[np.float32]


@dataclass(frozen=True)
class FitJob:
    """One network to train.

    Attributes:
        name: how lines on console call it.
        recipe: the member's recipe.
        store: images of the training table.
        label: int64 [N], class index of each row of the store.
        class_count: C.
        train_rows, valid_rows: rows to learn from, and rows to validate on (may be empty); int64.
        folder: where `last.ckpt` and `history.csv` go.
        fingerprint: names this training; a checkpoint of another one is not resumed.
        seed: of everything random in this training.
        soft: targets and weights of those training rows that are pseudo-labelled; None: there are none.
        teacher: what the teacher says of every training row; None: there is no teacher.

    Raises:
        ValueError: `loss.distill` is above 0, and a training row has no teacher.
    """

    name: str
    recipe: Recipe
    store: Store
    label: NDArray[np.int64]
    class_count: int
    train_rows: NDArray[np.int64]
    valid_rows: NDArray[np.int64]
    folder: Path
    fingerprint: str
    seed: int
    soft: SoftTargets | None = None
    teacher: TeacherTargets | None = None

    def __post_init__(self) -> None:
        if self.recipe.loss.distill == 0:
            return
        known = np.zeros(0, dtype=np.int64) if self.teacher is None else self.teacher.row
        missing = len(np.setdiff1d(self.train_rows, known))
        if missing:
            raise ValueError(f"{self.name}: loss.distill is above 0, and {missing} training rows have no teacher")
