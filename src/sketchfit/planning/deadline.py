"""The deadline of a run: how much working time is used and left, and its heartbeat on disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psutil

from sketchfit.periodic import repeated
from sketchfit.runs.artefacts import RunClock
from sketchfit.wording import duration

HEARTBEAT = 2.0
"""Seconds between two records of the working time."""

AIM = 0.955
"""Share of the time at which a run is planned to end; the rest absorbs small delays."""

LATEST = 0.985
"""Share of the time at which work that cannot be stopped must end, even if it is slow."""

STOP = 0.997
"""Share of the time after which no training may be expected to end: it is stopped before."""


SLOW = 2.0
"""Work that cannot be stopped may take so many times as long as estimated and must still end in time."""

LEAST_SLOW = 1.3
"""The same where the machine is already slow."""


def slow_factor(ratio: float) -> float:
    """Return how many times as long work may take, where earlier work took `ratio` times as long as estimated."""
    return max(LEAST_SLOW, min(SLOW, SLOW / ratio))


@dataclass(frozen=True)
class TimeLeft:
    """Seconds that are left for units.

    Attributes:
        aim: until the planned end.
        latest: until the latest end, which counts for work that cannot be stopped and may be slow.
    """

    aim: float
    latest: float

    def before(self, after: float, slow: float) -> float:
        """Return the seconds of a unit of which the last seconds, `after`, cannot be stopped."""
        return min(self.aim, self.latest - (slow - 1) * after)


@dataclass(frozen=True)
class WorkingTime:
    """Working time of a run.

    Attributes:
        seconds: that the run may take.
        before: seconds that its earlier processes worked.
        began: reading of `clock` at which this process began.
        clock: seconds from any start, never backwards.
        ends: timestamp at which the run must end, also where the machine sleeps meanwhile; None: after `seconds`.
        wall: returns the timestamp of now.
    """

    seconds: float
    before: float
    began: float
    clock: Callable[[], float]
    ends: float | None = None
    wall: Callable[[], float] = time.time

    @property
    def used(self) -> float:
        """Seconds of working time so far."""
        return self.before + self.clock() - self.began

    @property
    def sleep_counts(self) -> bool:
        """Whether the time in which the machine sleeps is lost: the run ends at a time of the day."""
        return self.ends is not None

    def left(self, reserve: float, answer: float) -> TimeLeft:
        """Return what is left for units.

        Args:
            reserve: seconds of the last stages.
            answer: seconds of those that cannot be left out.
        """
        return TimeLeft(self.until(AIM) - reserve, self.until(LATEST) - SLOW * answer)

    def until(self, share: float) -> float:
        """Return the seconds that are left until a share of the time."""
        if self.ends is None:
            return share * self.seconds - self.used
        return self.ends - self.wall() - (1 - share) * self.seconds


@dataclass(frozen=True)
class LatestEnd:
    """When work in another process of this machine must have ended; it can be pickled.

    Attributes:
        reading: of `time.monotonic`, which may stand still while the machine sleeps.
        timestamp: the same as a timestamp, where the time in which the machine sleeps counts; None: it does not.
    """

    reading: float
    timestamp: float | None = None

    @classmethod
    def after(cls, seconds: float, sleep_counts: bool) -> LatestEnd:
        """Return the end of so many seconds from now; `sleep_counts`: see `WorkingTime.sleep_counts`."""
        return cls(time.monotonic() + seconds, time.time() + seconds if sleep_counts else None)

    def left(self) -> float:
        """Return the seconds until then."""
        return self.reading - time.monotonic() if self.timestamp is None else self.timestamp - time.time()


def left_of(deadline: WorkingTime) -> str:
    """Return in words what is left of the time."""
    left = max(0.0, deadline.until(1.0))
    end = datetime.now() + timedelta(seconds=left)
    return f"{duration(left)} of {duration(deadline.seconds)} left (until {end:%H:%M})"


def process_start(clock: Callable[[], float] = time.monotonic) -> float:
    """Return what `clock` read when this process started, before its imports."""
    age: float = max(0.0, time.time() - psutil.Process().create_time())
    return clock() - age


@contextmanager
def heartbeat(deadline: WorkingTime, folder: Path) -> Iterator[None]:
    """Record the working time in a run's folder every few seconds while the block runs, and at its end."""

    def beat() -> None:
        RunClock(used=deadline.used).write(folder)

    beat()
    try:
        with repeated(beat, HEARTBEAT):
            yield
    finally:
        beat()
