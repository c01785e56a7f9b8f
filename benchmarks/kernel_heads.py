"""Kernel heads in closed form compared with trained heads, on the same folds. Table of docs/benchmarks.md.

    python -m benchmarks.kernel_heads DATA --weights mobilenetv2_100.safetensors --work FOLDER [--folds 0] [--epochs 9]
    python -m benchmarks.kernel_heads DATA --weights … --work FOLDER --folds 0,1,2,3,4 --kinds

Every line is a complete run of the recipe `cpu`; audit and claim are off, as they are the same in all. The closed form
takes one pass of the frozen backbone. Differences from the first line are paired on the same rows. Seconds are from the
command to the submission. `--kinds` compares the kinds of heads in closed form: the first run computes the features.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.cpu_run import cpu_run
from benchmarks.machine import describe
from sketchfit.config.kernel import HEADS
from sketchfit.inference.intervals import Estimate, accuracy
from sketchfit.inference.metrics import log_loss

VARIANTS: dict[str, tuple[str, ...]] = {
    "trained": (),
    "trained, kernel head in its place": ("training.kernel=replace",),
    "trained, blended with a kernel head": ("training.kernel=blend",),
    "closed form": ("training.epochs=0", "training.kernel=replace"),
    "closed form at 224 px": ("training.epochs=0", "training.kernel=replace", "model.input_size=224"),
}
KINDS: dict[str, tuple[str, ...]] = {
    name: ("training.epochs=0", f"training.kernel={{use: replace, head: {name}}}") for name in HEADS
}
COMMON = ("inference.views=[]", "report.enabled=false", "audit.enabled=false", "claim.enabled=false")


@dataclass(frozen=True)
class Line:
    """Of one run: which rows are right, out-of-fold accuracy and log-loss, and seconds."""

    right: np.ndarray
    top1: Estimate
    loss: float
    seconds: float


def measure(settings: tuple[str, ...], out: Path, given: argparse.Namespace) -> Line:
    """Run, and read the out-of-fold rows."""
    fixed = (
        f"model.weights={given.weights.resolve()}",
        f"folds.train=[{given.folds}]",
        f"training.epochs={given.epochs}",
        f"compute.threads={given.threads}",
        f"data.cache={given.work.resolve() / 'cache'}",
    )
    run, seconds = cpu_run(given.data, out, (*fixed, *COMMON, *settings), given.threads)
    oof = run.oof()
    right = oof.prob.argmax(axis=1) == run.rows.label[oof.row]
    return Line(right, accuracy(right), log_loss(oof.prob, run.rows.label[oof.row]), seconds)


def main() -> None:
    """Run all variants and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--folds", default="0", help="numbers, commas between")
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--kinds", action="store_true", help="compare kinds of heads on the frozen backbone")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    print(f"{describe()}\n\n| head | out-of-fold top-1 | difference, points | log-loss | seconds |")
    print("| --- | --- | --- | --- | --- |")
    first: Line | None = None
    for number, (name, settings) in enumerate((KINDS if given.kinds else VARIANTS).items()):
        line = measure(settings, given.work / f"run{number}", given)
        first = first or line
        change = line.right.astype(float) - first.right
        error = 196 * change.std() / np.sqrt(len(change))
        difference = "" if line is first else f"{100 * change.mean():+.1f} (± {error:.1f})"
        print(f"| {name} | {line.top1} | {difference} | {line.loss:.3f} | {line.seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
