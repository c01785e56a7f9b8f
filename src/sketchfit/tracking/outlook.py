"""When a run will end: estimates of what is left, corrected by the measured time of what ran."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MEASURED_FROM = 3.0
"""Seconds of training from which on their rate counts."""


@dataclass(frozen=True)
class ExpectedTraining:
    """Trainings of one kind of network.

    Attributes:
        trainings: number that is left.
        seconds: estimate of each.
    """

    trainings: int
    seconds: float


@dataclass
class RunOutlook:
    """Estimates the end of a run whose trainings are known in advance.

    Attributes:
        clock: seconds.
    """

    clock: Callable[[], float] = time.monotonic
    _left: dict[str, ExpectedTraining] = field(default_factory=dict)
    _after: float = 0.0
    _done: float = 0.0
    _spent: float = 0.0
    _now: str = ""
    _share: float = 0.0
    _began: float = 0.0
    _ended: float = 0.0

    def expect(self, trainings: Mapping[str, ExpectedTraining], after: float) -> None:
        """Set what is left.

        Args:
            trainings: by the name of the network.
            after: estimated seconds of the stages after training.
        """
        self._left, self._after = dict(trainings), after

    @contextmanager
    def network(self, name: str) -> Iterator[None]:
        """Measure a training of this name; one that is not expected changes nothing."""
        known = self._left.get(name)
        if known is None or not known.trainings or self._now:
            yield
            return
        self._now, self._share, self._began = name, 0.0, self.clock()
        try:
            yield
        finally:
            self._spent += self.clock() - self._began
            self._done += known.seconds
            self._left[name] = ExpectedTraining(known.trainings - 1, known.seconds)
            self._now, self._ended = "", self.clock()

    def at(self, share: float) -> None:
        """Record how far the training is, 0 … 1."""
        self._share = share

    @property
    def share(self) -> float:
        """How far the last training is, 0 … 1."""
        return self._share

    def trained(self, name: str) -> None:
        """Record that a training of this name has ended which was not measured: it ran next to others."""
        known = self._left.get(name)
        if known is not None and known.trainings:
            self._left[name] = ExpectedTraining(known.trainings - 1, known.seconds)
        self._ended = self.clock()

    @property
    def seconds_after(self) -> float:
        """Estimate of the stages after training."""
        return self._after

    def seconds_left(self) -> float | None:
        """Return the estimate; None where nothing is expected, or everything takes longer than that."""
        if not self._left:
            return None
        done, spent, left = self._done, self._spent, sum(one.trainings * one.seconds for one in self._left.values())
        if self._now:
            part = self._share * self._left[self._now].seconds
            done, spent, left = done + part, spent + self.clock() - self._began, left - part
        ratio = spent / done if done > 0 and spent >= MEASURED_FROM else 1.0
        if left > 0:
            return ratio * (left + self._after)
        seconds = ratio * self._after - (self.clock() - self._ended)
        return seconds if seconds > 0 else None

    def text(self) -> str:
        """Return the estimate in words; empty where there is none."""
        seconds = self.seconds_left()
        return "" if seconds is None else ends_in(seconds, datetime.now())


def ends_in(seconds: float, now: datetime) -> str:
    """Return when something ends, no more precise than an estimate is.

    Example:
        >>> ends_in(370, datetime(2026, 1, 1, 13, 36)), ends_in(42, datetime(2026, 1, 1, 13, 36))
        ('ends in about 6 min (13:42)', 'ends in about 40 s')
    """
    if seconds < 90:
        return f"ends in about {max(10, round(seconds, -1)):.0f} s"
    minutes = seconds / 60
    length = f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.1f} h"
    end = now + timedelta(seconds=seconds)
    day = "" if end.date() == now.date() else f"{end:%a} "
    return f"ends in about {length} ({day}{end:%H:%M})"
