"""The time that each part of a run takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sketchfit.activity import activity


class Clock:
    """Seconds by name, in the order in which the names were first measured."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._began = time.monotonic()

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Add the time of the block to this name."""
        began = time.monotonic()
        with activity(name):
            yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - began

    @property
    def since_start(self) -> float:
        """Seconds since the clock was made."""
        return time.monotonic() - self._began
