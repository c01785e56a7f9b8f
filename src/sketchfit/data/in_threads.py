"""Call a function for many items in threads, several items at once.

A call for one image takes a millisecond or less. Handing over each one alone would take as long again, and the threads
would wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

TOGETHER = 16
"""Items that a thread takes at once."""


def in_threads(
    function: Callable[[Item], Result], items: Sequence[Item], threads: int, together: int = TOGETHER
) -> Iterator[Result]:
    """Yield the results in the order of the items; an error of the function is raised at its place.

    Args:
        function: called from several threads.
        items: its arguments.
        threads: number of threads, at least 1.
        together: items per hand-over.

    Examples:
        >>> list(in_threads(str.upper, ["a", "b", "c"], threads=2, together=2))
        ['A', 'B', 'C']
    """

    def several(start: int) -> list[Result]:
        return [function(item) for item in items[start : start + together]]

    with ThreadPoolExecutor(threads) as pool:
        for part in pool.map(several, range(0, len(items), together)):
            yield from part
