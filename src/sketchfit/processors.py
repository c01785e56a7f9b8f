"""The processor cores that this process may use, and what other processes use of them."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

CGROUPS, OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
SLACK, SLACK_SHARE = 0.25, 0.1
"""Cores, and share of this process's threads, that others may use before that counts: an idle machine is never at 0."""


def cores() -> int:
    """Return how many cores this process may keep busy: by its affinity, and by the CPU quota of its container."""
    limit = cpu_quota()
    return max(1, min(len(own_cores()), math.ceil(limit) if limit else len(own_cores())))


def own_cores() -> tuple[int, ...]:
    """Return the numbers of the cores on which this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def cpu_quota(root: Path = CGROUPS, groups: Path = OWN_GROUPS) -> float | None:
    """Return the cores that control groups allow this process, the smallest of its group and those above.

    Args:
        root: where control groups are mounted; version 1 has a folder per controller there.
        groups: file with the groups of this process.

    Returns:
        None where there is no limit, or no control group.
    """
    found = [limit for folder in control_groups("cpu", root, groups) if (limit := _limit(folder)) is not None]
    return min(found, default=None)


def control_groups(controller: str, root: Path = CGROUPS, groups: Path = OWN_GROUPS) -> Iterator[Path]:
    """Yield the folders that may limit this process; in a container, those of `root` itself.

    Args:
        controller: `cpu` or `memory`; version 1 has a folder for each.
        root: where control groups are mounted.
        groups: file with the groups of this process.
    """
    lines = _text(groups).splitlines() if groups.is_file() else []
    for line in [*lines, "0::/", f"1:{controller}:/"]:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        for mount in (root / controller, root / controllers) if controllers else (root, root / "unified"):
            place = mount / path.lstrip("/")
            yield from (one for one in (place, *place.parents) if one.is_relative_to(mount))


def _limit(folder: Path) -> float | None:
    """Return the cores that a control group allows; None where it has no limit."""
    try:
        if (folder / "cpu.max").is_file():
            quota, period = _text(folder / "cpu.max").split()
        else:
            quota, period = (_text(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
        return int(quota) / int(period) if int(quota) > 0 and int(period) > 0 else None
    except (OSError, ValueError):  # `max` is no number
        return None


def _text(path: Path) -> str:
    return os.fsdecode(path.read_bytes())


Times = tuple[float, float]
"""Seconds since some moment in which the cores were busy, and seconds of this process with its children."""


SHORTEST = 0.2
"""Seconds below which a load is not known: the system counts in hundredths of a second."""


class OtherLoad:
    """Measures what other processes use, from its creation on.

    Args:
        times: returns the times of the cores and of this process.
        clock: in seconds.
    """

    def __init__(self, times: Callable[[], Times | None] | None = None, clock: Callable[[], float] = monotonic) -> None:
        self._times, self._clock = times or _busy, clock
        self._began, self._before = clock(), self._times()

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return self._clock() - self._began

    def cores(self) -> float | None:
        """Return the number of cores that others used on average; None where that is not known."""
        now, seconds = self._times(), self.seconds
        if now is None or self._before is None or seconds < SHORTEST:
            return None
        busy, own = (after - before for after, before in zip(now, self._before, strict=True))
        return max(0.0, (busy - own) / seconds)


def crowded(others: float | None, threads: int, total: int | None = None) -> bool:
    """Return whether others use cores that this process's threads need.

    Args:
        others: cores that they use; None: not known.
        threads: of this process.
        total: cores on which it may run; None: those of its affinity.
    """
    free = max(0, (len(own_cores()) if total is None else total) - threads)
    return others is not None and others > free + max(SLACK, SLACK_SHARE * threads)


STATISTICS = Path("/proc/stat")
"""Of Linux; elsewhere the load is not known."""
WORLD_SIZES = ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")
"""Variables in which launchers state the number of processes, in the order in which accelerate reads them."""
RECENT = 60.0
"""Seconds after which a load is that of the past: a process of a notebook lives for days."""


def _busy() -> Times | None:
    """Return the times now; None where they are not known, or cannot be kept apart from those of sister processes."""
    if any(os.environ.get(name, "1") != "1" for name in WORLD_SIZES):
        return None
    if sys.platform == "win32":
        return None
    own = sum(os.times()[:4])
    try:
        lines = [line.split() for line in _text(STATISTICS).splitlines() if re.match(r"cpu\d", line)]
    except OSError:
        return None
    numbers = {f"cpu{number}" for number in own_cores()}
    # user nice system idle iowait irq softirq steal; guests are part of user.
    ticks = sum(int(one) for line in lines if line[0] in numbers for one in (*line[1:4], *line[6:9]))
    return (ticks / os.sysconf("SC_CLK_TCK"), own) if ticks else None


SINCE_IMPORT = OtherLoad()
"""Began when the package was imported; importing torch takes seconds, in which others are counted."""


def recent_load(started: OtherLoad | None = None) -> OtherLoad:
    """Return the measurement since the import of the package, or a new one where that was long ago."""
    started = started or SINCE_IMPORT
    return started if started.seconds < RECENT else OtherLoad()
