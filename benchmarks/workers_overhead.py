"""Overhead of Ray against one network after the other, on one core each.

    python -m benchmarks.workers_overhead [--rounds 3] [--epochs 12] [--images 50]

Trains 5 folds × 2 members, by turns one after the other, and by Ray on a node of one core. All processes of the command
and of Ray have the same core. The time runs from the end of the first network to the end of the last: nine networks
with all that Ray does for each of them. What comes before, the start of the run, has a column of its own. Nothing else
should run meanwhile.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.machine import cpu_model
from benchmarks.workers import cluster, finished, prepared, run

WAYS = ("one after the other", "by Ray")


def measured(place: Path, data: Path, recipe: Path, *, by_ray: bool) -> tuple[float, float]:
    """Return the seconds until the first network has ended, and from there to the end of the last."""
    out, options, env = place / "run", [], {}
    with ExitStack() as stack:
        if by_ray:
            made, _ = stack.enter_context(cluster(1))
            options, env = ["--workers", "ray://auto"], {"RAY_ADDRESS": made.address}
        began = time.time()
        finished(run(data, recipe, out, *options, env=env), out)
    ends = sorted(path.stat().st_mtime for path in out.glob("members/*/*/done.json"))
    shutil.rmtree(out)
    return ends[0] - began, ends[-1] - ends[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--images", type=int, default=50, help="per class; there are six")
    chosen = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="workers-"))
    data, recipe = prepared(place, chosen.epochs, chosen.images)
    print(f"{cpu_model()}, load at the start {os.getloadavg()[0]:.1f}; {chosen.epochs} epochs, all on one core\n")
    print("| round | networks | until the first has ended, s | nine further ones, s |")
    print("| ---: | --- | ---: | ---: |", flush=True)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # processes that are started inherit it
    ratios = []
    for number in range(chosen.rounds):
        seconds = [0.0, 0.0]
        for way in (0, 1) if number % 2 == 0 else (1, 0):
            start, seconds[way] = measured(place, data, recipe, by_ray=bool(way))
            print(f"| {number + 1} | {WAYS[way]} | {start:.1f} | {seconds[way]:.1f} |", flush=True)
        ratios.append(100 * (seconds[1] / seconds[0] - 1))
    print(f"\noverhead of Ray: {median(ratios):+.1f} % (rounds: {', '.join(f'{one:+.1f}' for one in ratios)})")
    shutil.rmtree(place)


if __name__ == "__main__":
    main()
