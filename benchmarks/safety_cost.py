"""What checksums and locks cost: their share of the time of a run, measured within it.

    python -m benchmarks.safety_cost DATA --work FOLDER [--recipe cpu] [--set key=value …]

Starts a run, and then the same command again, which verifies what is stored; each in a fresh process. Every call of the
functions below is timed; a call within another one counts once. Left out are the CRCs that NumPy and torch write into
their archives, with or without sketchfit. Flushes to disk are listed for comparison.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.case import Case
from benchmarks.process import call_in_process

PARTS: dict[str, tuple[str, ...]] = {
    "checksums": (
        "sketchfit.checksum:digest_of",
        "sketchfit.runs.file_crc:file_crc",
        "sketchfit.runs.parquet:_digest",
        "sketchfit.models.tensor_file:_digest",
        "sketchfit.bank.unfinished:_crc",
        "zipfile:ZipFile.testzip",
    ),
    "locks": (
        "sketchfit.runs.lock:_locked",
        "sketchfit.runs.lock:_release",
        "sketchfit.data.cache.use:mark_used",
        "filelock:BaseFileLock.acquire",
        "filelock:BaseFileLock.release",
    ),
    "flushes to disk": ("os:fsync",),
}


class Timed:
    """Time of the calls of some functions; threads are added up.

    Attributes:
        seconds: in calls that are not within others.
        calls: number of these.
    """

    def __init__(self) -> None:
        self.seconds, self.calls = 0.0, 0
        self._here, self._lock = threading.local(), threading.Lock()

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that does the same and is timed."""

        @functools.wraps(function)
        def timed(*given: Any, **named: Any) -> Any:
            if getattr(self._here, "inside", False):
                return function(*given, **named)
            self._here.inside, began = True, time.perf_counter()
            try:
                return function(*given, **named)
            finally:
                self._here.inside = False
                with self._lock:
                    self.seconds, self.calls = self.seconds + time.perf_counter() - began, self.calls + 1

        return timed

    def replace(self, place: str) -> None:
        """Replace a function, `module:name` or `module:Class.name`, wherever it was imported to."""
        module_name, _, name = place.partition(":")
        owner: Any = importlib.import_module(module_name)
        *classes, last = name.split(".")
        for one in classes:
            owner = getattr(owner, one)
        old = getattr(owner, last)
        new = self.wrap(old)
        setattr(owner, last, new)
        for module in [found for key, found in sys.modules.items() if key.startswith("sketchfit")]:
            for key, value in list(vars(module).items()):
                if value is old:
                    setattr(module, key, new)


def one_run(case: Case, out: str, recipe: str, settings: list[str]) -> dict[str, float]:
    """Run with timed functions; return seconds of the run, and seconds and calls of each part."""
    from sketchfit.api.run import run

    parts = {name: Timed() for name in PARTS}
    for name, places in PARTS.items():
        for place in places:
            parts[name].replace(place)
    began = time.perf_counter()
    run(case.data, recipe, settings, out)
    found = {"value": time.perf_counter() - began}
    for name, part in parts.items():
        found |= {f"{name} s": part.seconds, f"{name} calls": part.calls}
    return found


def lines(title: str, found: dict[str, float]) -> list[str]:
    """Return one row of the table for each part."""
    total = found["value"]
    return [
        f"| {title}, {total:.1f} s | {name} | {found[f'{name} calls']:.0f} | {1000 * found[f'{name} s']:.1f} "
        f"| {100 * found[f'{name} s'] / total:.2f} |"
        for name in PARTS
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="folder for the run and its cache; must be new")
    parser.add_argument("--recipe", default="cpu")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--threads", type=int, default=Case.threads)
    given = parser.parse_args()
    if given.work.exists():
        parser.error(f"{given.work} exists; it must be new")
    data, work = given.data.resolve(), given.work.resolve()
    case = Case(str(data), str(data), "", str(work), threads=given.threads)
    settings = [*given.settings, f"data.cache={work / 'cache'}", "compute.networks_at_once=1"]
    arguments = {"out": str(work / "run"), "recipe": given.recipe, "settings": settings}
    print("| run | part | calls | ms | % of the run |\n| --- | --- | --- | --- | --- |")
    for title in ("from nothing", "the same command again"):
        found = call_in_process(case, "benchmarks.safety_cost:one_run", arguments)
        print("\n".join(lines(title, found)), flush=True)


if __name__ == "__main__":
    main()
