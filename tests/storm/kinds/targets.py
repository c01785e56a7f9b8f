"""Kills, a signal and a full disk while other commands work than a run with one member; then the same command again."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator

from tests.storm.injections import OPERATIONS, FullFrom, KillAt, run_with
from tests.storm.judge import Ending, end_of, with_results, worst
from tests.storm.kinds.disks import judge as judge_full
from tests.storm.kinds.kills import EARLIEST
from tests.storm.kinds.signals import GRACE
from tests.storm.process import Finished
from tests.storm.results import differences, remains
from tests.storm.storm import Storm
from tests.storm.targets import TARGETS, Target, Undisturbed, undisturbed

OF_LIBRARIES = {".ses"}
"""Files that libraries leave in the folder for temporary files: a session of onnxruntime."""

Fault = Callable[[Storm, Target, Undisturbed], tuple[str, Ending]]


def tries(storm: Storm, number: int) -> Iterator[tuple[str, Ending]]:
    """Strike each command with each fault in turn."""
    known: dict[str, Undisturbed] = {}
    for name, fault in order()[:number]:
        target = TARGETS[name]
        if name not in known:
            known[name] = undisturbed(storm, target)
        target.begin(storm)
        what, ending = fault(storm, target, known[name])
        yield f"{name}: {what}", worst(ending, again(storm, target, known[name]))


def order() -> list[tuple[str, Fault]]:
    """Return the commands and faults of a complete storm; each command is struck once before one is struck again."""
    return [
        (name, fault)
        for turn in range(max(target.rounds for target in TARGETS.values()))
        for fault in FAULTS
        for name, target in TARGETS.items()
        if turn < target.rounds
    ]


def again(storm: Storm, target: Target, expected: Undisturbed) -> Ending:
    """Run the same command to its end, and compare its results with those without a fault."""
    finished = storm.command(*target.arguments(storm), log="again")
    ending = end_of(finished)
    if finished.status != 0:
        return ending
    ending = with_results(ending, differences(target.results(storm), expected.results))
    place = storm.place
    left = [
        *remains(place.runs, place.cache, place.more),
        *sorted({path.name for path in place.tmp.iterdir()} - OF_LIBRARIES),
    ]
    if ending.verdict == "survived" and left:
        return Ending("unclear", f"left behind: {', '.join(left)}")
    return ending


def _at_time(storm: Storm, target: Target, expected: Undisturbed, number: int) -> tuple[float, Finished, float]:
    """Send a signal at a random time; return that time, how the command ended, and the seconds that this took."""
    seconds = storm.uniform(EARLIEST, expected.seconds)
    child = storm.start(target.arguments(storm), "struck")
    while child.seconds < seconds and child.poll() is None:
        time.sleep(0.001)
    began = time.monotonic()
    child.send(number)
    return seconds, child.wait(), time.monotonic() - began


def _killed_at_time(storm: Storm, target: Target, expected: Undisturbed) -> tuple[str, Ending]:
    seconds, _, _ = _at_time(storm, target, expected, signal.SIGKILL)
    return f"killed after {seconds:.2f} s", Ending("survived")


def _killed_at_call(storm: Storm, target: Target, expected: Undisturbed) -> tuple[str, Ending]:
    counts, place = expected.counts.counts, storm.place
    operation = storm.random.choice(sorted(name for name in OPERATIONS if counts[name]))
    rule = KillAt(OPERATIONS[operation], storm.integer(1, counts[operation]), expected.counts.folders)
    number = rule.number
    run_with(rule, target.arguments(storm), place, "struck")
    seen = rule.seen.removeprefix(f"{place.root}/") or "ended before"
    return f"killed before {operation} {number}: {seen}", Ending("survived")


def _terminated(storm: Storm, target: Target, expected: Undisturbed) -> tuple[str, Ending]:
    seconds, finished, took = _at_time(storm, target, expected, signal.SIGTERM)
    what = f"SIGTERM after {seconds:.2f} s, status {finished.status} after {took:.2f} s"
    if finished.status != 0 and took > GRACE:
        return what, Ending("hung or crashed", f"ended {took:.0f} s after the signal")
    if finished.status in (128 + signal.SIGTERM, -signal.SIGTERM) and "Traceback" not in finished.printed:
        return what, Ending("survived")
    return what, end_of(finished)


def _full_disk(storm: Storm, target: Target, expected: Undisturbed) -> tuple[str, Ending]:
    filling = {folder: count for folder, count in expected.counts.filling.items() if count}
    folder = sorted(filling)[storm.integer(0, len(filling) - 1)]
    rule = FullFrom(storm.integer(1, filling[folder]), folder)
    number = rule.number
    first = run_with(rule, target.arguments(storm), storm.place, "struck")
    what = f"{folder.name} full from write {number} ({rule.seen.removeprefix(f'{folder}/') or 'not reached'}) on"
    return what, judge_full(first, remains(folder))


FAULTS: tuple[Fault, ...] = (_killed_at_time, _killed_at_call, _terminated, _full_disk)

COUNT = len(FAULTS) * sum(target.rounds for target in TARGETS.values())
"""Tries of a complete storm."""
