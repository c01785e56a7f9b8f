"""Classes that are mirror images of each other, with each setting of `transforms.mirror`. Figures of docs/levers.md.

    python -m benchmarks.arrows --work FOLDER [--per-class 100] [--epochs 60]

Draws arrows to the left and to the right, and trains the recipe `demo` (a small network from scratch) with the policy
`light`, which flips, on the same folds.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.machine import describe
from benchmarks.process import environment
from sketchfit.inference.intervals import accuracy
from sketchfit.runs.run import Run

MODES = ("keep", "auto", "never", "swap")
COMMON = ("transforms.policy=light", "report.enabled=false", "audit.enabled=false", "claim.enabled=false")


def draw_arrows(folder: Path, per_class: int, seed: int) -> None:
    """Write folders `left` and `right` of arrows 96 px wide, of random length, place, tilt and pen."""
    rng = np.random.default_rng(seed)
    for name, sign in (("left", -1), ("right", 1)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(per_class):
            cv2.imwrite(str(folder / name / f"{number}.png"), _arrow(sign, rng))


def _arrow(sign: int, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    image = np.full((96, 96), 255, np.uint8)
    middle, half = 48 + rng.uniform(-8, 8, 2), rng.uniform(15, 30)
    tilt, pen, wing = rng.uniform(-0.25, 0.25), int(rng.integers(1, 4)), rng.uniform(10, 20)

    def away(start: np.ndarray[Any, Any], angle: float, length: float) -> np.ndarray[Any, Any]:
        return start + length * np.array([sign * np.cos(angle), np.sin(angle)])

    head = away(middle, tilt, half)
    for end in (away(middle, tilt, -half), away(head, tilt + 2.6, wing), away(head, tilt - 2.6, wing)):
        cv2.line(image, head.astype(int).tolist(), end.astype(int).tolist(), (0.0,), pen)
    return image


def main() -> None:
    """Train with each setting and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--per-class", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    data = given.work / "arrows"
    draw_arrows(data, given.per_class, given.seed)
    print(f"{describe()}\n\n| `transforms.mirror` | out-of-fold top-1 |\n| --- | --- |")
    for mode in MODES:
        out = given.work / mode
        own = (f"transforms.mirror={mode}", f"training.epochs={given.epochs}")
        settings = (*COMMON, *own, f"data.cache={(given.work / 'cache').resolve()}")
        chosen = [part for one in settings for part in ("--set", one)]
        command = [
            sys.executable,
            "-m",
            "sketchfit",
            "run",
            str(data),
            "--recipe",
            "demo",
            "--out",
            str(out),
            "--fresh",
        ]
        subprocess.run([*command, *chosen], check=True, stdout=subprocess.DEVNULL, env=environment(threads=2))
        oof = Run.open(out).oof()
        print(f"| `{mode}` | {accuracy(oof.prob.argmax(axis=1) == Run.open(out).rows.label[oof.row])} |", flush=True)


if __name__ == "__main__":
    main()
