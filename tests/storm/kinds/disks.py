"""A full disk under the cache, the run's folder and the temporary folder; then space, and the same command again.

Two ways, in turn: a small file system in memory (needs root), and "no space left" from the N-th write on. Without root
all tries are of the second way.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tests.storm.injections import CountCalls, FullFrom, run_with
from tests.storm.judge import Ending, end_of, worst
from tests.storm.process import Finished
from tests.storm.results import remains
from tests.storm.storm import Storm

Area = Literal["runs", "cache", "tmp"]
AREAS: tuple[Area, ...] = ("runs", "cache", "tmp")
PAGE = 4096
NEW_MOUNTS = 0x00020000


def tries(storm: Storm, number: int) -> Iterator[tuple[str, Ending]]:
    """Fill the areas in turn."""
    mounts = own_mounts()
    ways = ("small file system", "N-th write") if mounts else ("N-th write",)
    for _, (way, area) in zip(range(number), itertools.cycle(itertools.product(ways, AREAS)), strict=False):
        storm.begin("finished" if area == "tmp" else "empty")
        what, ending = (_small if way == "small file system" else _failing)(storm, area)
        yield f"{area}: {what}", ending


def own_mounts() -> bool:
    """Give this process separate mounts, which end with it; return whether that is possible."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(NEW_MOUNTS) != 0:
        return False
    return subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, check=False).returncode == 0


def _small(storm: Storm, area: Area) -> tuple[str, Ending]:
    folder: Path = getattr(storm.place, area)
    pages = storm.integer(1, used_pages(storm, area))
    with _mounted(folder, pages * PAGE):
        first = _do(storm, area)
        left = remains(folder)
        subprocess.run(["mount", "-o", "remount,size=1g", folder], check=True)
        second = _again(storm, area)
    return f"{pages * PAGE >> 10} KB", worst(judge(first, left), second)


def _failing(storm: Storm, area: Area) -> tuple[str, Ending]:
    folder: Path = getattr(storm.place, area)
    if area == "tmp":
        counts = CountCalls((folder,))
        run_with(counts, storm.predict_arguments(), storm.place, "count")
    else:
        counts = storm.counts
    rule = FullFrom(storm.integer(1, counts.filling[folder]), folder)
    number = rule.number
    first = run_with(rule, _arguments(storm, area), storm.place, "full")
    seen = rule.seen.removeprefix(f"{folder}/") or "not reached"
    return f"from write {number} ({seen}) on", worst(judge(first, remains(folder)), _again(storm, area))


def judge(first: Finished, left: list[str]) -> Ending:
    """Judge a command that met a full disk by its message, and by what it left there."""
    ending = end_of(first)
    if ending.verdict == "refused" and not re.search(r"[Ff]ree .*space", ending.why):
        ending = Ending("unclear", f"other advice than to free space: {ending.why}")
    needless = [name for name in left if name.endswith(".part")]
    if ending.verdict in ("survived", "refused") and needless:
        ending = Ending("unclear", f"left on the full disk: {', '.join(needless)}")
    return ending


def _arguments(storm: Storm, area: Area) -> list[object]:
    return storm.predict_arguments() if area == "tmp" else storm.run_arguments()


def _do(storm: Storm, area: Area) -> Finished:
    return storm.command(*_arguments(storm, area), log="full")


def _again(storm: Storm, area: Area) -> Ending:
    return storm.predict_again() if area == "tmp" else storm.run_again()


def used_pages(storm: Storm, area: Area) -> int:
    """Return about how many pages a finished run uses in an area."""
    if area == "tmp":
        return 40
    files = list((storm.saved / "finished" / area).rglob("*"))
    return sum(-(-path.stat().st_size // PAGE) if path.is_file() else 1 for path in files)


@contextmanager
def _mounted(folder: Path, size: int) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "storm", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
