"""A function that a thread calls again and again while a block runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeated(function: Callable[[], object], seconds: float) -> Iterator[None]:
    """Call a function in a thread after every so many seconds, until the block ends; no call runs after it.

    Args:
        function: what is called; an exception of it ends the calls.
        seconds: between two calls, and before the first.
    """
    ended = threading.Event()

    def call() -> None:
        while not ended.wait(seconds):
            function()

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
