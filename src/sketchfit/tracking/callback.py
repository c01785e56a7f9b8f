"""Events of a run, and what receives them: experiment trackers and notifiers are callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = Mapping[str, float | int | None]
"""Figures by name; None where there is no value."""


@dataclass(frozen=True)
class RunInfo:
    """What is known when a run starts.

    Attributes:
        name: name of the run's folder.
        folder: the run's folder; callbacks write to `folder/tracking`.
        identity: random name of the run; a resumed run keeps it.
        settings: the complete recipe, plain values.
        note: one line about the data.
    """

    name: str
    folder: Path
    identity: str
    settings: Mapping[str, Any]
    note: str = ""

    @property
    def tracking(self) -> Path:
        """Folder for the files of trackers."""
        return self.folder / "tracking"


@dataclass(frozen=True)
class ErrorImage:
    """A drawing that was classified wrongly: uint8 [H, W, C] with C in {1, 3}, and its caption."""

    image: NDArray[np.uint8]
    caption: str


@dataclass(frozen=True)
class RunReport:
    """Results of a run that finished.

    Attributes:
        figures: by name.
        summary: the same in words, one line each.
        seconds: duration since this start of the run.
        artefacts: files and folders to keep with the run.
        errors: drawings that were classified wrongly, the worst first.
    """

    figures: Mapping[str, float]
    summary: tuple[str, ...]
    seconds: float
    artefacts: tuple[Path, ...] = ()
    errors: tuple[ErrorImage, ...] = ()


@dataclass(frozen=True)
class Failure:
    """Why a run ended early.

    Attributes:
        headline: one line: the error's type and first line, or the signal.
        details: the last lines of the traceback.
        stopped: whether a person or the system stopped the run, rather than an error.
    """

    headline: str
    details: str = ""
    stopped: bool = False


class Callback:
    """Receives the events of a run. Every method does nothing by default.

    A method may be slow and may raise: the dispatcher protects the run from both.
    """

    def run_started(self, info: RunInfo) -> None:
        """Receive the start or the resumption of a run."""

    def step_finished(self, member: str, fold: int, step: int, row: Row) -> None:
        """Receive figures of the last updates; `step` is the number of the update, counted from 1."""

    def epoch_finished(self, member: str, fold: int, row: Row) -> None:
        """Receive the figures of an epoch: one row of history.csv, `epoch` counted from 1."""

    def fold_finished(self, member: str, fold: int, row: Row) -> None:
        """Receive the figures of a trained network on its validation rows."""

    def run_finished(self, report: RunReport) -> None:
        """Receive the results of the run."""

    def run_failed(self, failure: Failure) -> None:
        """Receive the reason why the run ended early."""

    def abandon(self) -> None:
        """Release what would delay the end of the process. Called from another thread when the waiting time is over."""


NO_CALLBACK = Callback()
"""Ignores all events."""


@dataclass
class FoldCallback:
    """Sends the events of one network's training.

    A point of the step curve is the mean over `every` updates, computed from sums that grow over an epoch. Reading
    those sums waits for the device, so they are read once per `every` updates, and never where `every` is 0.
    """

    callback: Callback
    member: str
    fold: int
    every: int
    _loss: float = field(default=0.0, init=False)
    _seen: int = field(default=0, init=False)

    def epoch_started(self, loss_sum: Any, seen: int) -> None:
        """Store the sums at which the epoch starts: zeros, or those of a checkpoint."""
        if self.every:
            self._loss, self._seen = float(loss_sum), seen

    def updated(self, step: int, loss_sum: Any, seen: int, lr: float) -> None:
        """Send a point of the step curve if one is due.

        Args:
            step: number of the update, counted from 1.
            loss_sum: sum of the losses of all images of the epoch so far.
            seen: number of these images.
            lr: learning rate of the update.
        """
        if self.every == 0 or step % self.every or seen <= self._seen:
            return
        loss = float(loss_sum)
        row = {"loss": (loss - self._loss) / (seen - self._seen), "lr": lr}
        self._loss, self._seen = loss, seen
        self.callback.step_finished(self.member, self.fold, step, row)

    def epoch_finished(self, row: Row) -> None:
        """Send an epoch's row of history.csv."""
        self.callback.epoch_finished(self.member, self.fold, row)

    def finished(self, row: Row) -> None:
        """Send the figures of the finished training."""
        self.callback.fold_finished(self.member, self.fold, row)


def no_fold_callback() -> FoldCallback:
    """Return a `FoldCallback` that sends nothing."""
    return FoldCallback(NO_CALLBACK, "", 0, 0)
