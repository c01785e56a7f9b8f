"""Kinds of faults: name → (number of tries of a complete storm, the tries).

A function of tries yields what was done and how it ended, after each try.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.storm.hostile_cases import HOSTILE
from tests.storm.judge import Ending
from tests.storm.kinds import changed, damage, disks, hostile, kills, pairs, signals, targets
from tests.storm.storm import Storm

Tries = Callable[[Storm, int], Iterator[tuple[str, Ending]]]

KINDS: dict[str, tuple[int, Tries]] = {
    "kills": (100, kills.tries),
    "signals": (25, signals.tries),
    "disks": (40, disks.tries),
    "damage": (60, damage.tries),
    "pairs": (20, pairs.tries),
    "hostile": (len(HOSTILE), hostile.tries),
    "changed": (10, changed.tries),
    "targets": (targets.COUNT, targets.tries),
}
