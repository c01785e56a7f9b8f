"""How much faster a run becomes with more devices, by measured times of its units.

    python -m benchmarks.speed_up_model RUN [RUN …] [--start 10] [--after 30]

Each number of units is sampled from the measured times of the networks in the runs' folders. A unit begins as soon as a
device is free, as in `sketchfit.workers`. Efficiency is the speed-up of the trainings divided by the devices.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sketchfit.runs.networks import Done
from sketchfit.workers.schedule import makespan

DEVICES = (1, 2, 4, 8, 16, 32, 64)
PER_DEVICE = (1, 2, 3, 5)
SAMPLES = 200


def unit_seconds(runs: Sequence[Path]) -> list[float]:
    """Return the seconds of all networks in the folders of runs."""
    found = [Done.read(path.parent).seconds for run in runs for path in sorted(run.rglob("fold*/done.json"))]
    if not found:
        raise SystemExit("no finished network in these folders")
    return found


def efficiency(seconds: Sequence[float], devices: int, units: int, start: float, seed: int = 0) -> float:
    """Return the mean efficiency of the trainings.

    Args:
        seconds: measured, of units.
        devices: each trains one unit at a time.
        units: number of units, sampled from `seconds`.
        start: seconds until a device trains its first unit.
        seed: of the samples.
    """
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(SAMPLES):
        sampled = rng.choice(seconds, units)
        found.append(float(sampled.sum()) / (devices * (makespan(sampled, devices, [start] * devices))))
    return float(np.mean(found))


def tables(seconds: Sequence[float], start: float, after: float, folds: int) -> str:
    """Return the page: efficiency by units per device, and one run of `folds` units on more and more devices."""
    mean, spread = float(np.mean(seconds)), float(np.std(seconds) / np.mean(seconds))
    facts = f"mean {mean:.1f} s, spread {100 * spread:.0f} % of it; {start:g} s until a device trains"
    lines = [
        f"{len(seconds)} measured units: {facts}.",
        "",
        "Efficiency of the trainings:",
        "",
        "| devices | " + " | ".join(f"{one} × devices units" for one in PER_DEVICE) + " |",
        "| ---: |" + " ---: |" * len(PER_DEVICE),
    ]
    for devices in DEVICES:
        cells = [f"{efficiency(seconds, devices, one * devices, start):.2f}" for one in PER_DEVICE]
        lines.append(f"| {devices} | " + " | ".join(cells) + " |")
    lines += [
        "",
        f"A run of {folds} units, with {after:g} s before and after the trainings that no device shortens:",
        "",
        "| devices | trainings, s | run, s | speed-up of the run | limited by |",
        "| ---: | ---: | ---: | ---: | --- |",
    ]
    alone = folds * mean + start + after
    for devices in DEVICES:
        rounds = -(-folds // devices)
        train = makespan([mean] * folds, devices, [start] * devices)
        run = train + after
        why = "one unit" if devices >= folds else ("idle devices in the last round" if folds % devices else "devices")
        why = "the stages around the trainings" if after > train else why
        lines.append(f"| {devices} | {train:.0f} ({rounds} rounds) | {run:.0f} | {alone / run:.1f} | {why} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--start", type=float, default=10.0, help="seconds until a device trains its first unit")
    parser.add_argument("--after", type=float, default=30.0, help="seconds of all other stages")
    parser.add_argument("--units", type=int, default=10, help="units of the run in the second table")
    chosen = parser.parse_args()
    print(tables(unit_seconds(chosen.runs), chosen.start, chosen.after, chosen.units))


if __name__ == "__main__":
    main()
