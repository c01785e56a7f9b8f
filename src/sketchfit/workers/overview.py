"""The progress of all units: a table on a terminal, one line elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sketchfit.tracking.outlook import ends_in
from sketchfit.workers.schedule import seconds_left
from sketchfit.workers.unit_state import UnitState


@dataclass(frozen=True)
class UnitsOverview:
    """What is shown of units.

    Attributes:
        states: of all units.
        workers: units at the same time.
        after: seconds of the stages after training.
    """

    states: Sequence[UnitState]
    workers: int
    after: float = 0.0

    @property
    def running(self) -> list[UnitState]:
        """Units that a worker has."""
        return [one for one in self.states if one.attempt and one.seconds is None]

    @property
    def done(self) -> int:
        """Number of finished units."""
        return sum(one.seconds is not None for one in self.states)

    @property
    def note(self) -> str:
        """How many are in training."""
        working = sum(one.progress is not None for one in self.running)
        return f"{working} in training"

    @property
    def rows(self) -> tuple[str, ...]:
        """One line per unit in training."""
        return tuple(one.line for one in self.running)

    def seconds_left(self) -> float | None:
        """Estimate the seconds until the run ends; None where nothing is known yet."""
        done = [one.seconds for one in self.states if one.seconds is not None]
        running = self.running
        waiting = len(self.states) - len(done) - len(running)
        left = seconds_left([one.running for one in running], waiting, done, max(self.workers, len(running)))
        return None if left is None else left + self.after

    def text(self) -> str:
        """Return when the run ends, in words; empty where nothing is known yet."""
        left = self.seconds_left()
        return "" if left is None else ends_in(left, datetime.now())
