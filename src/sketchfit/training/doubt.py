"""Whether a measured time is a guess: equal steps differ, or other processes use the cores meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from sketchfit.processors import crowded, own_cores

MOST_SPREAD = 0.2
"""Of the usual (median) time of a step over its shortest one: above it, something else disturbs the measurement."""

FEWEST, MOST = 2, 5
"""Times that a step is repeated."""

ENOUGH_SECONDS = 3.0
"""A step is not repeated once more after that."""


def spread_of(seconds: Sequence[float]) -> float:
    """Return by how much the median of the times of equal steps is above the shortest one.

    Examples:
        >>> spread_of([2.0, 3.0, 2.5])
        0.25
    """
    return median(seconds) / max(min(seconds), 1e-9) - 1


def doubt_of(spread: float, others: float | None, threads: int) -> str:
    """Return why a measured time is a guess; empty where it is not.

    Args:
        spread: see `spread_of`.
        others: cores that other processes used meanwhile; None: unknown, or not what the steps depend on.
        threads: of this process.
    """
    if crowded(others, threads):
        return f"other processes use {others:.1f} of {len(own_cores())} cores"
    if spread > MOST_SPREAD:
        return f"the times of equal steps differ by {spread:.0%}"
    return ""


def shortest(step: Callable[[], float], expected: float) -> float:
    """Return the seconds of a step that is repeated while it takes longer than expected: others may disturb it.

    Args:
        step: takes one and returns its seconds.
        expected: seconds that it should not exceed by more than `MOST_SPREAD`.
    """
    found = [step()]
    while min(found) > (1 + MOST_SPREAD) * expected and len(found) < MOST and sum(found) < ENOUGH_SECONDS:
        found.append(step())
    return min(found)


def repeated(step: Callable[[], float]) -> list[float]:
    """Return the seconds of equal steps: of two that agree, else of up to five, while that does not take long.

    Args:
        step: takes one and returns its seconds.
    """
    found = [step() for _ in range(FEWEST)]
    while spread_of(found) > MOST_SPREAD and len(found) < MOST and sum(found) < ENOUGH_SECONDS:
        found.append(step())
    return found
