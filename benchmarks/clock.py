"""Time of a loop over batches, and how much of it went by in waiting for them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


class Waiting:
    """Seconds that a loop spends in the `next()` of what it goes over."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def over(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, with the time that each makes its taker wait added up; the making of the iterator too."""
        began = time.perf_counter()
        source = iter(items)
        while True:
            try:
                item = next(source)
            except StopIteration:
                self.seconds += time.perf_counter() - began
                return
            self.seconds += time.perf_counter() - began
            yield item
            began = time.perf_counter()
