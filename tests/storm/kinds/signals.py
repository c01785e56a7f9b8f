"""SIGINT, SIGTERM, SIGUSR1, SIGHUP and two SIGINTs at random times; then the same command again."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Iterator, Sequence

from tests.storm.judge import Ending, end_of, worst
from tests.storm.process import Finished
from tests.storm.storm import Storm

SENT: dict[str, tuple[int, ...]] = {
    "SIGINT": (signal.SIGINT,),
    "SIGTERM": (signal.SIGTERM,),
    "SIGUSR1": (signal.SIGUSR1,),
    "SIGHUP": (signal.SIGHUP,),
    "two SIGINTs": (signal.SIGINT, signal.SIGINT),
}
BETWEEN = 0.05
"""Seconds between two signals."""

EARLIEST = 0.1

GRACE = 30.0
"""Seconds in which a command must end after a signal on a busy machine; containers allow 10 s."""


def tries(storm: Storm, number: int) -> Iterator[tuple[str, Ending]]:
    """Send the signals in turn."""
    for _, (name, sent) in zip(range(number), itertools.cycle(SENT.items()), strict=False):
        storm.begin("empty")
        seconds = storm.uniform(EARLIEST, storm.seconds)
        first, took = _send(storm, sent, seconds)
        ending = judge(name, sent, first)
        yield (
            f"{name} after {seconds:.2f} s, status {first.status} after {took:.2f} s",
            worst(ending, storm.run_again()),
        )


def _send(storm: Storm, sent: Sequence[int], seconds: float) -> tuple[Finished, float]:
    child = storm.start(storm.run_arguments(), "stopped")
    while child.seconds < seconds and child.poll() is None:
        time.sleep(0.001)
    began = time.monotonic()
    for number in sent:
        child.send(number)
        time.sleep(BETWEEN)
    finished = child.wait(GRACE)
    return finished, time.monotonic() - began


def judge(name: str, sent: Sequence[int], finished: Finished) -> Ending:
    """Judge how a command ended after a signal: it continues, or ends with its status and states how to continue."""
    stopped = 128 + sent[0]
    if finished.status in (stopped, -sent[0]) and "Traceback" not in finished.printed and not finished.hung:
        if "continue" in finished.printed or (name == "SIGHUP" and finished.status < 0):
            return Ending("survived")
        if len(sent) == 1:
            return Ending("unclear", f"status {finished.status}, and no message how to continue")
        return Ending("survived")
    return end_of(finished)
