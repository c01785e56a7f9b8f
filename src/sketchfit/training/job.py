"""The inputs of one training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.data.store import Store
from sketchfit.transforms.mirroring import NO_MIRRORING, Mirroring
from sketchfit.wording import counted


@dataclass(frozen=True)
class SoftTargets:
    """Training rows whose target is probabilities instead of their label.

    Attributes:
        row: int64 [m], rows of the job's store, ascending, each once.
        prob: float32 [m, C], the targets; rows sum to 1.
        weight: float32 [m], of each row in the loss; all other rows have weight 1.
    """

    row: NDArray[np.int64]
    prob: NDArray[np.float32]
    weight: NDArray[np.float32]


@dataclass(frozen=True)
class TeacherTargets:
    """A teacher's probabilities of training rows, for `loss.distill`.

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
        name: in log lines.
        recipe: the member's recipe.
        store: images of the training table.
        label: int64 [N], class index of each row of the store.
        class_count: C.
        train_rows, valid_rows: int64, rows to train on, and rows to validate on (may be empty).
        folder: for `last.ckpt` and `history.csv`.
        fingerprint: digest of all that decides the training; a checkpoint with another one is not resumed.
        seed: of everything random in this training.
        soft: targets and weights of pseudo-labelled training rows; None: there are none.
        teacher: the teacher's probabilities of every training row; None: there is no teacher.
        mirroring: flips and turns by class.

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
    mirroring: Mirroring = NO_MIRRORING

    def __post_init__(self) -> None:
        if self.recipe.loss.distill == 0:
            return
        known = np.zeros(0, dtype=np.int64) if self.teacher is None else self.teacher.row
        missing = len(np.setdiff1d(self.train_rows, known))
        if missing:
            rows = counted(missing, "training row has", "training rows have")
            raise ValueError(f"{self.name}: loss.distill is above 0, and {rows} no teacher")

    @property
    def validated_by_head(self) -> bool:
        """Whether the pass of a head in closed form gives the trained head's accuracy on validation rows.

        It does so after training where nothing depends on that accuracy before.
        """
        training = self.recipe.training
        once = training.validate_every == 0 and self.recipe.averaging.soup == "none"
        return once and training.epochs > 0 and training.kernel.use != "none"
