"""SIGKILL at random times, and before the N-th write, rename, fsync and unlink; then the same command again."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Iterator

from tests.storm.injections import OPERATIONS, KillAt, Operation, run_with
from tests.storm.judge import Ending
from tests.storm.storm import Storm

EARLIEST = 0.02
"""Seconds after the start of a process."""


def tries(storm: Storm, number: int) -> Iterator[tuple[str, Ending]]:
    """Kill one run per try, in turn at a time and at each kind of call."""
    for _, point in zip(range(number), itertools.cycle((None, *OPERATIONS)), strict=False):
        storm.begin("empty")
        what = _at_time(storm) if point is None else _at_call(storm, point)
        yield what, storm.run_again()


def _at_time(storm: Storm) -> str:
    seconds = storm.uniform(EARLIEST, storm.seconds)
    child = storm.start(storm.run_arguments(), "killed")
    while child.seconds < seconds and child.poll() is None:
        time.sleep(0.001)
    killed = child.send(signal.SIGKILL)
    child.wait()
    return f"{'killed' if killed else 'ended'} after {seconds:.2f} s"


def _at_call(storm: Storm, operation: Operation) -> str:
    number = storm.integer(1, storm.counts.counts[operation])
    rule = KillAt(OPERATIONS[operation], number, (storm.place.runs, storm.place.cache))
    run_with(rule, storm.run_arguments(), storm.place, "killed")
    return (
        f"killed before {operation} {number}: {rule.seen.removeprefix(str(storm.place.root) + '/') or 'ended before'}"
    )
