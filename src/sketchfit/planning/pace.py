"""The pace of a training: whether it still ends in time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from typing_extensions import override

WINDOW = 6.0
"""Seconds over which the pace is measured, at least."""

SHARE = 0.15
"""Of the seconds that a training has left: the pace of a longer training is measured over a longer time."""

PARTS = 5
"""Parts of these seconds."""

EARLY = 0.1
"""Share by which a training may seem late at its start: the pace may change, and what was done would be lost."""


YIELDED = 0.25
"""The same, where other trainings run at the same time: they are dropped first, which makes this one faster."""


class LateError(Exception):
    """A unit would not end in time.

    Args:
        left: seconds that it would still take; 0 where that is not known.
        allowed: seconds that it may take.
        pace: seconds per update.
    """

    def __init__(self, left: float, allowed: float, pace: float = 0.0) -> None:
        self.left, self.allowed, self.pace = left, allowed, pace
        needs = f"it needs {left:.0f} s more" if left > 0 else "it has not ended"
        super().__init__(f"{needs} and {max(allowed, 0.0):.0f} s are left for it")

    @override
    def __reduce__(self) -> tuple[type[LateError], tuple[float, float, float]]:
        return LateError, (self.left, self.allowed, self.pace)


@dataclass(frozen=True)
class Expected:
    """What a training is expected to take.

    Attributes:
        updates: number of its updates.
        step: seconds per update.
        after: seconds that its probabilities take after the last update.
    """

    updates: int
    step: float
    after: float


class Pace:
    """Watches the updates of one training.

    The pace is the median of those of `PARTS` parts of the last seconds, so that a short pause does not count.

    Args:
        expected: of the training.
        allowed: returns the seconds that are left for it.
        clock: seconds.
        others: returns whether trainings that are dropped before this one run at the same time. Once they have ended,
            the pace is measured again.
    """

    def __init__(
        self,
        expected: Expected,
        allowed: Callable[[], float],
        clock: Callable[[], float],
        others: Callable[[], bool] = lambda: False,
    ) -> None:
        self._expected, self._allowed, self._clock, self._others = expected, allowed, clock, others
        self._accompanied = False
        self._seen: deque[tuple[float, int]] = deque()

    def updated(self, number: int) -> None:
        """Receive the number of updates that are done.

        Raises:
            LateError: at the pace of the last seconds the training ends too late.
        """
        now, others = self._clock(), self._others()
        if self._accompanied and not others:
            self._seen.clear()
        self._accompanied = others
        self._seen.append((now, number))
        if len(self._seen) <= PARTS or now - self._seen[0][0] < WINDOW:
            return
        pace = self._pace()
        one = self._expected
        slower = max(1.0, pace / one.step) if one.step > 0 else 1.0
        left = (one.updates - number) * pace + slower * one.after
        while len(self._seen) > PARTS + 1 and now - self._seen[1][0] >= max(WINDOW, SHARE * left):
            self._seen.popleft()
        tolerated = 1 + (EARLY + YIELDED * others) * (1 - number / one.updates)
        if left > tolerated * (allowed := self._allowed()):
            raise LateError(left, allowed, pace)

    def _pace(self) -> float:
        """Return the seconds per update."""
        last = len(self._seen) - 1
        places = [last * part // PARTS for part in range(PARTS + 1)]
        marks = [self._seen[place] for place in places]
        return median((b[0] - a[0]) / (b[1] - a[1]) for a, b in pairwise(marks))
