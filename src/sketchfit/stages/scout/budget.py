"""The time of a scout, and how much of it may be used for what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Budget:
    """A time limit.

    Attributes:
        seconds: allowed.
        now: returns the time in seconds.
        began: time of the start.
        rate: actual by estimated seconds of the work so far.
    """

    seconds: float
    now: Callable[[], float]
    began: float
    rate: float = 1.0
    _estimated: float = field(init=False, default=0.0)
    _actual: float = field(init=False, default=0.0)

    @property
    def used(self) -> float:
        """Seconds since the start."""
        return self.now() - self.began

    def allows(self, estimated: float, share: float = 1.0) -> bool:
        """Return whether work of an estimated time ends within a share of the time, corrected by earlier estimates."""
        return self.used + self.rate * estimated <= share * self.seconds

    def record(self, estimated: float, actual: float) -> None:
        """Learn from finished work how good estimates are."""
        self._estimated += estimated
        self._actual += actual
        self.rate = self._actual / self._estimated if self._estimated > 0 else 1.0
