"""The pace of a training: whether it still ends in time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

WINDOW = 6.0
"""Seconds over which the pace is measured, at least."""

SHARE = 0.15
"""Of the seconds that a training has left: the pace of a longer training is measured over a longer time."""


class LateError(Exception):
    """A unit would not end in time.

    Args:
        left: seconds that it would still take.
        allowed: seconds that it may take.
        pace: seconds per update.
    """

    def __init__(self, left: float, allowed: float, pace: float = 0.0) -> None:
        self.left, self.allowed, self.pace = left, allowed, pace
        super().__init__(f"it needs {left:.0f} s more and {max(allowed, 0.0):.0f} s are left for it")


class Pace:
    """Watches the updates of one training.

    Args:
        total: number of updates of the training.
        after: seconds that its probabilities take after the last update.
        allowed: returns the seconds that are left for it.
        clock: seconds.
    """

    def __init__(self, total: int, after: float, allowed: Callable[[], float], clock: Callable[[], float]) -> None:
        self._total, self._after, self._allowed, self._clock = total, after, allowed, clock
        self._seen: deque[tuple[float, int]] = deque()

    def updated(self, number: int) -> None:
        """Receive the number of updates that are done.

        Raises:
            LateError: at the pace of the last seconds the training ends too late.
        """
        now = self._clock()
        self._seen.append((now, number))
        began, first = self._seen[0]
        if number == first or now - began < WINDOW:
            return
        pace = (now - began) / (number - first)
        left = (self._total - number) * pace + self._after
        while len(self._seen) > 2 and now - self._seen[1][0] >= max(WINDOW, SHARE * left):
            self._seen.popleft()
        if left > (allowed := self._allowed()):
            raise LateError(left, allowed, pace)
