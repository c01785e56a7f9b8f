"""When units that are trained at the same time will have ended."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

KNOWN_FROM = 0.02
"""Share of a training from which on its time is estimated from its pace."""


def makespan(seconds: Iterable[float], workers: int, busy: Sequence[float] = ()) -> float:
    """Return the time after which all units have ended, each begun as soon as a worker is free, in their order.

    Args:
        seconds: of each unit that waits.
        workers: units at the same time; at least 1.
        busy: seconds that are left of the units in training.

    Examples:
        >>> makespan([10, 10, 10], 2)
        20.0
        >>> makespan([10], 2, busy=[4, 6])
        14.0
    """
    free = [*map(float, busy), *[0.0] * max(0, workers - len(busy))]
    heapq.heapify(free)
    last = max(free)
    for one in seconds:
        end = heapq.heappop(free) + one
        heapq.heappush(free, end)
        last = max(last, end)
    return last


def seconds_left(
    running: Sequence[tuple[float, float]], waiting: int, done: Sequence[float], workers: int
) -> float | None:
    """Estimate when all units will have ended.

    Args:
        running: of each unit in training, its seconds so far and its share of the training, 0 … 1.
        waiting: number of units that wait.
        done: seconds of the finished units.
        workers: units at the same time.

    Returns:
        None where nothing is known yet.
    """
    paces = [seconds / share for seconds, share in running if share >= KNOWN_FROM]
    known = [*done, *paces]
    if not known:
        return None
    typical = sum(known) / len(known)
    left = [max(0.0, (seconds / share if share >= KNOWN_FROM else typical) * (1 - share)) for seconds, share in running]
    return makespan([typical] * waiting, workers, left)
