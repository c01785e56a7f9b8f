"""SIGINT, SIGTERM, SIGUSR1, SIGHUP and two SIGINTs at random times; then the same command again."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.storm.injections import OPERATIONS, is_below, run_with
from tests.storm.judge import Ending, end_of, worst
from tests.storm.process import Finished
from tests.storm.seccomp import Call
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

GRACE = 10.0
"""Seconds in which a command must end after a signal; containers allow as many."""


@dataclass
class SignalAt:
    """Sends signals, one before each call from the N-th on, from 1; all calls take place.

    Attributes:
        seen: path of the first of these calls; empty where it did not come to it.
        began: when the last signal was sent.
    """

    number: int
    folders: Sequence[Path]
    signals: list[int]
    calls: Sequence[str] = tuple(name for names in OPERATIONS.values() for name in names)
    seen: str = ""
    began: float = field(default_factory=time.monotonic)

    def decide(self, call: Call, path: str) -> int | None:
        """Count down, and send."""
        if self.signals and any(is_below(path, folder) for folder in self.folders):
            self.number -= 1
            if self.number <= 0:
                self.seen, self.began = self.seen or path, time.monotonic()
                os.kill(call.pid, self.signals.pop(0))
        return 0


def tries(storm: Storm, number: int) -> Iterator[tuple[str, Ending]]:
    """Send the signals in turn, at a random time or call."""
    for _, (name, sent) in zip(range(number), itertools.cycle(SENT.items()), strict=False):
        storm.begin("empty")
        what, first, took = (_at_call if storm.random.random() < 0.5 else _at_time)(storm, sent)
        ending = judge(name, sent, first)
        if first.status != 0 and took > GRACE:
            ending = Ending("hung or crashed", f"ended {took:.0f} s after the signal")
        yield f"{name} {what}, status {first.status} after {took:.2f} s", worst(ending, storm.run_again())


def _at_call(storm: Storm, sent: Sequence[int]) -> tuple[str, Finished, float]:
    number = storm.integer(1, storm.counts.counts.total())
    rule = SignalAt(number, (storm.place.runs, storm.place.cache), list(sent))
    finished = run_with(rule, storm.run_arguments(), storm.place, "stopped")
    seen = rule.seen.removeprefix(f"{storm.place.root}/") or "ended before"
    return f"before call {number} ({seen})", finished, time.monotonic() - rule.began


def _at_time(storm: Storm, sent: Sequence[int]) -> tuple[str, Finished, float]:
    seconds = storm.uniform(EARLIEST, storm.seconds)
    child = storm.start(storm.run_arguments(), "stopped")
    while child.seconds < seconds and child.poll() is None:
        time.sleep(0.001)
    began = time.monotonic()
    for number in sent:
        child.send(number)
        time.sleep(BETWEEN)
    finished = child.wait(2 * GRACE)
    return f"after {seconds:.2f} s", finished, time.monotonic() - began


def judge(name: str, sent: Sequence[int], finished: Finished) -> Ending:
    """Judge how a command ended after a signal: it continues, or ends with its status and states how to continue."""
    stopped = 128 + sent[0]
    if finished.status in (stopped, -sent[0]) and "Traceback" not in finished.printed and not finished.hung:
        if "continue" in finished.printed or len(sent) > 1:
            return Ending("survived")
        return Ending("unclear", f"{name}: status {finished.status}, and no message how to continue")
    return end_of(finished)
