"""What relations, drift and claims cost in time and memory: a run with them and one without. Table of docs/claims.md.

    python -m benchmarks.claims_cost --weights mobilenetv2_100.safetensors --work FOLDER [--rows 15000]

Draws 60 classes with `rows` training and two thirds as many test drawings. Both runs train the head of a frozen
MobileNetV2 at 48 px for one epoch, so that the peak of the memory is not that of training. Printed per run: seconds,
and the largest resident memory of the process.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.claims_families import CLASSES, SETTINGS
from benchmarks.process import environment
from sketchfit.synthetic import DrawSettings, draw


@dataclass(frozen=True)
class Cost:
    """Of one run: seconds, and its largest resident memory in megabytes (10⁶ bytes)."""

    seconds: float
    megabytes: float


def measure(work: Path, weights: Path, claim: bool, threads: int) -> Cost:
    """Run on the drawings in `work`, with or without claims."""
    settings = [
        *(one for one in SETTINGS if not one.startswith("compute.threads")),
        f"compute.threads={threads}",
        f"model.weights={weights}",
        f"claim.enabled={str(claim).lower()}",
        f"data.cache={work / f'cache-{claim}'}",
    ]
    out = work / f"run-{claim}"
    command = ["run", work / "data", "--recipe", "cpu", "--out", out, "--fresh"]
    arguments = [*map(str, command), *(part for one in settings for part in ("--set", one))]
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "sketchfit", *arguments], stdout=subprocess.DEVNULL, env=environment(threads)
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"the run failed: {out}")
    shutil.rmtree(work / f"cache-{claim}")
    return Cost(time.monotonic() - began, usage.ru_maxrss * 1024 / 1e6)


def main() -> None:
    """Draw, run twice and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=15_000)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    per_class = given.rows // CLASSES
    if not (given.work / "data").is_dir():
        draw(given.work / "data", DrawSettings(classes=CLASSES, per_class=per_class, test_per_class=2 * per_class // 3))
    print(f"{given.rows:,} rows, {given.threads} threads\n\n| run | seconds | peak memory, MB |\n| --- | --- | --- |")
    for claim in (False, True):
        cost = measure(given.work.resolve(), given.weights.resolve(), claim, given.threads)
        name = "with claims" if claim else "without"
        print(f"| {name} | {cost.seconds:.0f} | {cost.megabytes:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
