"""What happens in a run, told to whoever wants to know: trackers and notifiers are callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = Mapping[str, float | int | None]
"""Figures by name; None where there is none."""


@dataclass(frozen=True)
class RunInfo:
    """What is known when a run starts.

    Attributes:
        name: the run folder's name.
        folder: where everything of the run lies; callbacks write to `folder/tracking`.
        identity: random name of the run, the same when it is resumed.
        settings: the whole recipe, plain values.
        note: one line on the data.
    """

    name: str
    folder: Path
    identity: str
    settings: Mapping[str, Any]
    note: str = ""

    @property
    def tracking(self) -> Path:
        """Folder of what trackers write."""
        return self.folder / "tracking"


@dataclass(frozen=True)
class Picture:
    """An image to show: uint8 [H, W, C] with C in {1, 3}, and what is to be seen."""

    image: NDArray[np.uint8]
    caption: str


@dataclass(frozen=True)
class Outcome:
    """What a run found.

    Attributes:
        figures: by name.
        summary: the same, in words, a line each.
        seconds: how long this start of the run took.
        artefacts: files and folders worth keeping with the run.
        errors: drawings that were taken for something else, the worst first.
    """

    figures: Mapping[str, float]
    summary: tuple[str, ...]
    seconds: float
    artefacts: tuple[Path, ...] = ()
    errors: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class Failure:
    """Why a run ended before its time.

    Attributes:
        headline: one line: the error's kind and first line, or the signal.
        details: the last lines of the traceback.
        stopped: by a person or the system, not by an error.
    """

    headline: str
    details: str = ""
    stopped: bool = False


class Callback:
    """Receives events. Each method may take its time and may fail; `dispatcher` keeps a run from both."""

    def run_started(self, info: RunInfo) -> None:
        """Hear that a run starts, or is resumed."""

    def step_finished(self, member: str, fold: int, step: int, row: Row) -> None:
        """Hear the figures of the last updates; `step` counts updates from 1."""

    def epoch_finished(self, member: str, fold: int, row: Row) -> None:
        """Hear the figures of an epoch: a row of history.csv, `epoch` from 1."""

    def fold_finished(self, member: str, fold: int, row: Row) -> None:
        """Hear that a network is trained and has answered its validation and test rows."""

    def run_finished(self, outcome: Outcome) -> None:
        """Hear how it ended well."""

    def run_failed(self, failure: Failure) -> None:
        """Hear how it ended badly."""

    def abandon(self) -> None:
        """Let go of what would hold up the process's end; called from another thread when waiting has had its time."""


NO_CALLBACK = Callback()
"""Nobody listens."""


@dataclass
class FoldCallback:
    """Tells of one network's training; means over every so many updates come from sums that grow over an epoch.

    Reading those sums waits for the device; so it is done once in `every` updates, and never where `every` is 0.
    """

    callback: Callback
    member: str
    fold: int
    every: int
    _loss: float = field(default=0.0, init=False)
    _seen: int = field(default=0, init=False)

    def epoch_started(self, loss_sum: Any, seen: int) -> None:
        """Take the sums from which the epoch goes on: zeros, or what a checkpoint held."""
        if self.every:
            self._loss, self._seen = float(loss_sum), seen

    def finished(self, row: Row) -> None:
        """Tell of the finished training and its figures."""
        self.callback.fold_finished(self.member, self.fold, row)

    def updated(self, step: int, loss_sum: Any, seen: int, lr: float) -> None:
        """Tell of an update; `step` counts from 1, the sums are those of the epoch so far."""
        if self.every == 0 or step % self.every or seen <= self._seen:
            return
        loss = float(loss_sum)
        row = {"loss": (loss - self._loss) / (seen - self._seen), "lr": lr}
        self._loss, self._seen = loss, seen
        self.callback.step_finished(self.member, self.fold, step, row)

    def epoch_finished(self, row: Row) -> None:
        """Tell of an epoch, with its row of history.csv."""
        self.callback.epoch_finished(self.member, self.fold, row)


def unwatched() -> FoldCallback:
    """A watch that tells nobody."""
    return FoldCallback(NO_CALLBACK, "", 0, 0)
