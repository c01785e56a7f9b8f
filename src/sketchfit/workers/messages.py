"""What a worker sends to the run while it trains a unit, and at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sketchfit.tracking.callback import Callback, Row

Files = Mapping[str, bytes]
"""Content of files by their path in a network's folder, with forward slashes."""


@dataclass(frozen=True)
class UnitLog:
    """A log record: its time, its level, its text, the key of what is printed once, and whether it is one of many."""

    created: float
    level: int
    text: str
    once: str | None = None
    fine: bool = False


@dataclass(frozen=True)
class UnitEvent:
    """An event of a training: name of the method of `Callback`, and its arguments."""

    method: str
    arguments: tuple[str | int | Row, ...]

    def repeat(self, callback: Callback) -> None:
        """Send the event to a callback of the run."""
        getattr(callback, self.method)(*self.arguments)


@dataclass(frozen=True)
class UnitFiles:
    """Files that the training has written: checkpoints and its history.

    Attributes:
        renamed: pairs of names; the first file has become the second.
        files: new content, after the renames.
    """

    renamed: tuple[tuple[str, str], ...]
    files: Files


@dataclass(frozen=True)
class UnitProgress:
    """How far a training is.

    Attributes:
        host: name of the worker's machine.
        process: number of the worker's process.
        title, note: what it does and how fast.
        share: of the training, 0 … 1.
    """

    host: str
    process: int
    title: str
    note: str
    share: float


UnitMessage = UnitLog | UnitEvent | UnitFiles | UnitProgress


@dataclass(frozen=True)
class UnitEnd:
    """The end of a unit.

    Attributes:
        files: of the network's folder, without checkpoints.
        error: why it ended early.
        stopped: whether it was stopped by the run.
    """

    files: Files = field(default_factory=dict)
    error: BaseException | None = None
    stopped: bool = False
