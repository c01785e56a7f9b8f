"""Overhead of Ray against one network after the other, on one core each.

    python -m benchmarks.workers_overhead [--rounds 3] [--epochs 12] [--images 50]

Trains 5 folds × 2 members, by turns one after the other on the first core of this machine, and by Ray on a node whose
processes all have the first core; the command and the head node have the second one, as another machine. The processor
time is that of all of them. The time runs from the end of the first network to the end of the last: nine networks with
all that Ray does for each of them. The start of the run is in another column. Nothing else should run at the same time;
where something does, only the time of processors can be compared.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from statistics import median

import psutil

from benchmarks.machine import cpu_model
from benchmarks.workers import cluster, finished, on_core, prepared, run

EVERY = 0.2
"""Seconds between two looks at the networks that have ended."""

WAYS = ("one after the other", "by Ray")


def processor_seconds() -> float:
    """Return the processor time so far of all processes that this one has started and that still run."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def measured(place: Path, data: Path, recipe: Path, *, by_ray: bool) -> tuple[float, float, float]:
    """Return the seconds until the first network has ended, from there to the end of the last, and of processors."""
    out, options, env = place / "run", [], {}
    ends, used = list[float](), list[float]()
    first, *others = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        if by_ray:
            stack.enter_context(on_core(others[0] if others else first))
            made, _ = stack.enter_context(cluster(1, first))
            options, env = ["--workers", "ray://auto"], {"RAY_ADDRESS": made.address}
        else:
            stack.enter_context(on_core(first))
        began = time.time()
        process = run(data, recipe, out, *options, env=env)
        while process.poll() is None:
            done = sorted(path.stat().st_mtime for path in out.glob("members/*/*/done.json"))
            if len(done) > len(ends):
                ends, used = done, [*used, processor_seconds()]
            time.sleep(EVERY)
        finished(process, out)
    shutil.rmtree(out)
    return ends[0] - began, ends[-1] - ends[0], used[-1] - used[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--images", type=int, default=50, help="per class; there are six")
    chosen = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="workers-"))
    data, recipe = prepared(place, chosen.epochs, chosen.images)
    print(f"{cpu_model()}, load at the start {os.getloadavg()[0]:.1f}; {chosen.epochs} epochs\n")
    print("| round | networks | until the first has ended, s | nine further ones, s | of it processor, s |")
    print("| ---: | --- | ---: | ---: | ---: |", flush=True)
    ratios = list[tuple[float, float]]()
    for number in range(chosen.rounds):
        rows = [(0.0, 0.0, 0.0)] * 2
        for way in (0, 1) if number % 2 == 0 else (1, 0):
            rows[way] = measured(place, data, recipe, by_ray=bool(way))
            print(f"| {number + 1} | {WAYS[way]} | {' | '.join(f'{one:.1f}' for one in rows[way])} |", flush=True)
        ratios.append((100 * (rows[1][1] / rows[0][1] - 1), 100 * (rows[1][2] / rows[0][2] - 1)))
    for name, found in zip(("seconds", "processor"), zip(*ratios, strict=True), strict=True):
        print(
            f"\noverhead of Ray, {name}: {median(found):+.1f} % (rounds: {', '.join(f'{one:+.1f}' for one in found)})"
        )
    shutil.rmtree(place)


if __name__ == "__main__":
    main()
