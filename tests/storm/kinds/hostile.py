"""Hostile files as data, as parts of a run's folder and of its cache, and as names.

No code may run, no command may wait for ever or take 1 GB more than its imports, no control character may reach a
terminal, and what is not used must be named.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from tests.storm.hostile_cases import HOSTILE, Hostile
from tests.storm.judge import Ending, end_of
from tests.storm.process import Finished
from tests.storm.results import differences, results_of
from tests.storm.storm import Storm

LONGEST = 30.0
"""Seconds after which a command counts as hung."""

MOST_MEMORY = 1024.0
"""MB above a command that does nothing."""


CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def tries(storm: Storm, number: int) -> Iterator[tuple[str, Ending]]:
    """Take the files in turn."""
    for _, (name, hostile) in zip(range(number), itertools.cycle(HOSTILE.items()), strict=False):
        place = storm.begin(hostile.moment)
        marker = place.more / "code-ran"
        named = hostile.make(place, marker)
        finished = storm.start(_arguments(storm, hostile.command), "hostile").wait(LONGEST)
        yield name, _judge(storm, hostile, named, finished, marker)


def _arguments(storm: Storm, command: str) -> list[object]:
    words: list[object] = [word.format(more=storm.place.more, data=storm.place.data) for word in command.split()]
    if words[0] == "run":
        return storm.run_arguments(*words[1:])
    return [words[0], storm.place.out, *words[1:]]


def _judge(storm: Storm, hostile: Hostile, named: str, finished: Finished, marker: Path) -> Ending:
    if marker.exists():
        return Ending("silently wrong", "code of the file ran")
    if problem := hostile.check(storm.place):
        return Ending("silently wrong", problem)
    if (more := finished.peak - storm.base) > MOST_MEMORY:
        return Ending("hung or crashed", f"{more:.0f} MB of memory")
    if control := CONTROL.search(finished.printed):
        return Ending("unclear", f"control character {control[0]!r} on the terminal")
    ending = end_of(finished)
    if ending.verdict == "refused" and named not in finished.err:
        return Ending("unclear", f"{named} is not named: {ending.why}")
    if ending.verdict != "survived":
        return ending
    if hostile.same:
        different = differences(results_of(storm.place.out), storm.expected)
        return Ending("silently wrong", f"{different[:3]} differ") if different else ending
    return ending if named in finished.printed else Ending("silently wrong", f"{named} is not named")
