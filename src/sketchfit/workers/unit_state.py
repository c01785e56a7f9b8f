"""State of a unit that is trained elsewhere, kept by the run, which alone writes into its folder."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sketchfit.models.finite import NoNumbersError
from sketchfit.tracking.console import LOGGER, ONCE
from sketchfit.tracking.log_file import LogFile
from sketchfit.training.context import TrainingUnit
from sketchfit.training.divergence import advised_by_run
from sketchfit.workers.messages import UnitEnd, UnitEvent, UnitFiles, UnitLog, UnitMessage, UnitProgress
from sketchfit.workers.network_files import LOG, apply_files, write_files
from sketchfit.workers.parcel import UnitParcel


@dataclass
class UnitState:
    """A unit between its start and its end.

    Attributes:
        unit: that is trained.
        clock: seconds.
        attempt: number of the worker that trains it, from 1; what an earlier one sends is ignored.
        began: reading of the clock when the first worker's first message came.
        progress: the last one.
        advanced: whether a checkpoint has come since the last start.
        seconds: of the finished unit.
    """

    unit: TrainingUnit
    clock: Callable[[], float] = time.monotonic
    attempt: int = 0
    began: float | None = None
    progress: UnitProgress | None = None
    advanced: bool = False
    seconds: float | None = None
    _log: LogFile | None = field(default=None, repr=False)

    def parcel(self) -> UnitParcel:
        """Return what a further worker gets; the training continues from the last checkpoint."""
        if self.unit.prepare is not None and not self.attempt:
            self.unit.prepare()
        self.attempt, self.advanced, self.progress = self.attempt + 1, False, None
        return UnitParcel.of(self.unit)

    def receive(self, attempt: int, messages: Iterable[UnitMessage]) -> None:
        """Write, print and forward what a worker sent; nothing where another one trains the unit now."""
        if attempt != self.attempt or self.seconds is not None:
            return
        for message in messages:
            match message:
                case UnitProgress():
                    self.progress = message
                    self.began = self.clock() if self.began is None else self.began
                case UnitFiles():
                    apply_files(self.unit.network.path, message)
                    self.advanced = True
                case UnitEvent():
                    message.repeat(self.unit.context.dispatcher)
                case UnitLog():
                    self._write(message)

    def lose(self) -> None:
        """Forget the worker: what it still sends is ignored."""
        self.attempt, self.progress = self.attempt + 1, None

    def end(self, end: UnitEnd) -> None:
        """Install the files of a unit that has ended.

        Raises:
            UserError: it ended early.
        """
        write_files(self.unit.network.path, end.files)
        self.close()
        if isinstance(end.error, NoNumbersError):
            raise advised_by_run(self.unit.context.run, end.error)
        if end.error is not None:
            raise end.error
        if not end.stopped:
            self.seconds = 0.0 if self.began is None else self.clock() - self.began
            self.unit.context.console.outlook.trained(self.unit.folder)

    def close(self) -> None:
        """End the log of the unit."""
        if self._log is not None:
            self._log.close()

    @property
    def running(self) -> tuple[float, float]:
        """Seconds so far, and the share of the training."""
        if self.began is None or self.progress is None:
            return 0.0, 0.0
        return self.clock() - self.began, self.progress.share

    @property
    def line(self) -> str:
        """Where it is, for people."""
        if self.progress is None:
            return f"{self.unit.name}: waits for a worker"
        parts = [self.progress.title or self.unit.name, self.progress.note, f"on {self.progress.host}"]
        return ", ".join(part for part in parts if part)

    def _write(self, message: UnitLog) -> None:
        """Add a line to the log of the unit; those that are not one of many are also printed by the run."""
        if self._log is None:
            self._log = LogFile()
            self.unit.network.path.mkdir(parents=True, exist_ok=True)
            self._log.begin(self.unit.network.path / LOG)
        level = "" if message.level < logging.WARNING else f"{logging.getLevelName(message.level).lower()}: "
        self._log.add(message.created, level + message.text)
        if not message.fine:
            extra = {ONCE: message.once} if message.once else None
            logging.getLogger(LOGGER).log(message.level, message.text, extra=extra)
