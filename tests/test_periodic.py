from __future__ import annotations

import threading
import time

from sketchfit.periodic import repeated


def test_a_function_is_called_until_the_block_ends():
    calls, several = [], threading.Event()

    def note():
        calls.append(time.monotonic())
        if len(calls) == 3:
            several.set()

    with repeated(note, 0.001):
        assert several.wait(30)
    count = len(calls)
    time.sleep(0.02)
    assert len(calls) == count


def test_nothing_is_called_in_a_short_block():
    calls = []
    with repeated(lambda: calls.append(1), 60):
        pass
    assert calls == []


def test_the_calls_end_with_a_block_that_fails():
    before = threading.active_count()
    try:
        with repeated(lambda: None, 0.001):
            raise KeyError
    except KeyError:
        assert threading.active_count() == before
