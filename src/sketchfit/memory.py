"""The memory that this process may use: of the machine, and what its control groups (containers, batch systems) allow.

A process that takes more than its control group allows is killed without a message.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sketchfit.processors import CGROUPS, OWN_GROUPS, control_groups

UNLIMITED = 1 << 60
"""Version 1 of control groups writes about 2^63 where there is no limit."""


@dataclass(frozen=True)
class MemoryState:
    """Bytes.

    Attributes:
        total: that the process may use, with swap.
        available: of them, without what others use now.
        limited: whether a control group allows less than the machine has.
    """

    total: int
    available: int
    limited: bool = False


def memory_state(root: Path = CGROUPS, groups: Path = OWN_GROUPS) -> MemoryState | None:
    """Return what this process may use; None where that is not known.

    Args:
        root: where control groups are mounted.
        groups: file with the groups of this process.
    """
    import psutil

    try:
        machine, swap = psutil.virtual_memory(), psutil.swap_memory()
    except (psutil.Error, OSError, RuntimeError):
        return None
    found = MemoryState(machine.total + swap.total, machine.available + swap.free)
    for limit, used in _limits(root, groups):
        if limit < found.total:
            found = MemoryState(limit, min(found.available, max(0, limit - used)), limited=True)
        else:
            found = MemoryState(found.total, min(found.available, max(0, limit - used)), found.limited)
    return found


def available_memory() -> int:
    """Return the bytes that this process may use now; 0 where that is not known."""
    state = memory_state()
    return 0 if state is None else state.available


def _limits(root: Path, groups: Path) -> Iterator[tuple[int, int]]:
    """Yield the limit of each group that has one, and the bytes that are used of it and cannot be freed at once."""
    for folder in control_groups("memory", root, groups):
        for limit, used in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
            allowed = _number(folder / limit)
            if allowed is not None and allowed < UNLIMITED:
                yield allowed, max(0, (_number(folder / used) or 0) - _cached(folder))


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # `max` is no number
        return None


def _cached(folder: Path) -> int:
    """Return the bytes of files in memory, which the system frees when memory is needed."""
    try:
        lines = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
        values = {name: int(value) for name, _, value in (line.partition(" ") for line in lines)}
    except (OSError, ValueError):
        return 0
    prefix = "total_" if "total_inactive_file" in values else ""
    return sum(values.get(f"{prefix}{kind}_file", 0) for kind in ("active", "inactive"))
