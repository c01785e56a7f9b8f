"""What a run with a deadline and the processes that train its networks send to each other, pickled, through pipes."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold
from sketchfit.data.table import Table
from sketchfit.planning.deadline import LatestEnd
from sketchfit.planning.pace import Expected
from sketchfit.workers.messages import UnitEvent


@dataclass(frozen=True)
class TrainingRequest:
    """A network that is to be trained.

    Attributes:
        run: folder of the run.
        recipe: of the run.
        member: name of the member.
        member_recipe: with the epochs of this network.
        stores: folders of the images of both tables.
        table: of the run.
        row_ids: uint64 [N + M], see `RunContext.row_ids`.
        fold: on which it is trained.
        expected: times of the training.
        latest: when it must have ended.
        favoured: whether the networks that are trained at the same time are dropped before it, which makes it faster.
        device: kind of the device on which it is trained.
    """

    run: Path
    recipe: Recipe
    member: str
    member_recipe: Recipe
    stores: tuple[Path, Path]
    table: Table
    row_ids: NDArray[np.uint64]
    fold: Fold
    expected: Expected
    latest: LatestEnd
    favoured: bool = False
    device: str = "cpu"


class WorkerOrder(enum.Enum):
    """What a process that trains is to do with the training in progress."""

    SAVE = "save"
    """Save a checkpoint, and continue."""
    STOP = "stop"
    """Save a checkpoint, and end."""
    ALONE = "alone"
    """Continue; the networks that were trained at the same time have ended."""


@dataclass(frozen=True)
class LogLine:
    """A log record: its level, its text, and the key of what is printed once per run."""

    level: int
    text: str
    once: str | None = None


@dataclass(frozen=True)
class TrainingEnd:
    """The end of a training; `error` is why it ended early."""

    error: BaseException | None = None


Message = LogLine | UnitEvent | TrainingEnd
