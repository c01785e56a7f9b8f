"""What a command is doing now, for people who wait.

    with activity("near-duplicates"):
        ...
    with activity("decoding", total=len(rows)) as advance:
        for done, row in enumerate(rows, 1):
            ...
            advance(done, "3 unreadable")

Activities are nested; the innermost one is shown (`sketchfit.live`). Entering and advancing cost microseconds and print
nothing themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Advance = Callable[[int, str], None]
"""(done so far, short note)."""

Outlook = Callable[[], str]
"""Returns when all of it will end, such as `ends in about 6 min (13:42)`; empty where that is not known."""


@dataclass(eq=False)
class Activity:
    """Something that takes time.

    Attributes:
        title: a few words.
        total: number of steps, 0 where it is not known.
        done: steps so far.
        note: a few words about them.
        began: reading of the clock.
        rows: further lines, of what is done at the same time; only a terminal and a notebook show them.
    """

    title: str
    total: int = 0
    done: int = 0
    note: str = ""
    began: float = field(default_factory=time.monotonic)
    rows: tuple[str, ...] = ()

    def advance(self, done: int, note: str = "") -> None:
        """Record the steps so far."""
        self.done, self.note = done, note


@dataclass
class Activities:
    """All activities of this process, the innermost last.

    Attributes:
        stack: activities that have begun and not ended.
        outlooks: the last one applies.
        changed: called when the first activity has begun and when the last one has ended.
    """

    stack: list[Activity] = field(default_factory=list)
    outlooks: list[Outlook] = field(default_factory=list)
    changed: Callable[[], None] = lambda: None

    @property
    def now(self) -> Activity | None:
        """The innermost activity."""
        return next(iter(self.stack[-1:]), None)

    @property
    def outlook(self) -> str:
        """When all of it will end, in words; empty where that is not known."""
        return self.outlooks[-1]() if self.outlooks else ""


activities = Activities()
"""Of this process."""


def show_rows(rows: tuple[str, ...]) -> None:
    """Show further lines below that of the innermost activity."""
    if activities.now is not None:
        activities.now.rows = rows


@contextmanager
def activity(title: str, total: int = 0) -> Iterator[Advance]:
    """Show what the block does while it runs.

    Args:
        title: a few words, such as `near-duplicates`.
        total: number of steps, 0 where it is not known.

    Yields:
        A function that records the steps so far.
    """
    one = Activity(title, total)
    activities.stack.append(one)
    try:
        if len(activities.stack) == 1:
            activities.changed()
        yield one.advance
    finally:
        activities.stack.remove(one)
        if not activities.stack:
            activities.changed()


@contextmanager
def outlook(estimate: Outlook) -> Iterator[None]:
    """Show with each activity of the block when all of it will end."""
    activities.outlooks.append(estimate)
    try:
        yield
    finally:
        activities.outlooks.remove(estimate)
