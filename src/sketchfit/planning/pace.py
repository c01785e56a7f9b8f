"""The pace of a training: whether it still ends in time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

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
"""Added to it, where other trainings run at the same time: they are dropped first, which makes this one faster."""


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


class _Mark(NamedTuple):
    """An update of a training.

    Attributes:
        at: reading of the clock at its end.
        number: updates that are done.
    """

    at: float
    number: int


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
        self._seen: deque[_Mark] = deque()

    def updated(self, number: int) -> None:
        """Receive the number of updates that are done.

        Raises:
            LateError: at the pace of the last seconds the training ends too late.
        """
        now, others = self._clock(), self._others()
        self._note(_Mark(now, number), others)
        if not self._is_known:
            return
        pace = self._pace()
        left = self._left(number, pace)
        self._keep(max(WINDOW, SHARE * left))
        allowed = self._allowed()
        if left > self._tolerance(number, others) * allowed:
            raise LateError(left, allowed, pace)

    def _note(self, mark: _Mark, others: bool) -> None:
        """Remember an update; once the other trainings have ended, those before it do not count."""
        if self._accompanied and not others:
            self._seen.clear()
        self._accompanied = others
        self._seen.append(mark)

    @property
    def _is_known(self) -> bool:
        """Whether enough updates in enough time are known to measure a pace."""
        return len(self._seen) > PARTS and self._seen[-1].at - self._seen[0].at >= WINDOW

    def _pace(self) -> float:
        """Return the seconds per update."""
        last = len(self._seen) - 1
        marks = [self._seen[last * part // PARTS] for part in range(PARTS + 1)]
        return median((after.at - before.at) / (after.number - before.number) for before, after in pairwise(marks))

    def _left(self, number: int, pace: float) -> float:
        """Return the seconds that the training still takes; what follows its updates is slow where they are."""
        expected = self._expected
        slower = max(1.0, pace / expected.step) if expected.step > 0 else 1.0
        return (expected.updates - number) * pace + slower * expected.after

    def _keep(self, seconds: float) -> None:
        """Forget all but the updates of the last seconds and the one before them; enough for a pace are kept."""
        while len(self._seen) > PARTS + 1 and self._seen[-1].at - self._seen[1].at >= seconds:
            self._seen.popleft()

    def _tolerance(self, number: int, others: bool) -> float:
        """Return how many times as long as allowed a training may seem to take: less and less towards its end."""
        share = EARLY + YIELDED if others else EARLY
        return 1 + share * (1 - number / self._expected.updates)
