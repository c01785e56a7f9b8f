"""Do the gains that the report's advice expects arrive? Trains the runs that it recommends, and compares.

    python benchmarks/advice_gains.py DATA --weights mobilenetv2_100.safetensors [--epochs 4,8,16] [--size 64]

Runs of three folds are trained for each number of epochs, each twice as many as the one before, and the first one a
second time with other folds. Printed per recommendation: the expected gain with its interval, as in the report of the
run before, and the gain out of fold, paired by drawing. Finished runs in --work are used again.

The gain of more networks is expected on test drawings, which have no labels here. So two networks are compared with one
out of fold, with the gain that the rule expects of two, from the gain that the claim expects of three on test drawings.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sketchfit.api.run import run
from sketchfit.inference.intervals import Difference, families, paired_difference
from sketchfit.reporting.evidence import Evidence, read_evidence
from sketchfit.reporting.run.advice.collect import training_curve
from sketchfit.reporting.run.advice.findings import AveragedNetworks
from sketchfit.reporting.run.advice.on_amounts import gain_of_networks
from sketchfit.reporting.run.advice.on_training import gain_of_epochs, rises

FOLDS = 3
OFF = (
    "audit.enabled=false",
    "report.enabled=false",
    "tracking.progress=none",
    "inference.views=[]",
    "training.validate_every=2",
)


def trained(options: argparse.Namespace, name: str, *settings: str) -> Evidence:
    """Train a run, or open it where it is finished."""
    fixed = [f"model.weights={options.weights}", f"model.input_size={options.size}", f"folds.k={FOLDS}"]
    folder = options.work / name
    if not (folder / "finished.json").is_file():
        run(options.data, "cpu", [*fixed, *OFF, *options.set, *settings], folder)
    return read_evidence(folder)


def measured(before: Evidence, after: Evidence) -> Difference:
    """Return the gain out of fold on the same drawings."""
    return paired_difference(before.correct, after.correct, families(before.group))


def main() -> None:
    """Train, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--epochs", default="4,8,16")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--work", type=Path, default=Path("runs/advice-gains"))
    options = parser.parse_args()
    numbers = [int(one) for one in options.epochs.split(",")]
    runs = [trained(options, f"epochs{one}", f"training.epochs={one}") for one in numbers]
    print("| recommendation | accuracy before | expected gain | gain out of fold |\n| --- | --- | --- | --- |")
    for number, before, after in zip(numbers, runs, runs[1:], strict=False):
        curves = [training_curve(one) for one in before.run.histories.values()]
        expected = gain_of_epochs(rises(curves), float(1 - before.correct.mean()))
        figures = f"{before.correct.mean():.3f} | {expected} | {measured(before, after)}"
        print(f"| {number} to {2 * number} epochs | {figures} |")
    first = f"training.epochs={numbers[0]}"
    again = trained(options, "repeats2", first, "folds.repeats=2")
    claim = runs[0].run.claim
    averaged = AveragedNetworks(FOLDS, claim.averaging, claim.single) if claim else AveragedNetworks(FOLDS)
    of_two = f"{100 * averaged.gain * FOLDS / (FOLDS - 1) / 2:+.1f} points" if gain_of_networks(averaged) else "none"
    figures = f"{runs[0].correct.mean():.3f} | {of_two} | {measured(runs[0], again)}"
    print(f"| one to two networks, {numbers[0]} epochs | {figures} |")


if __name__ == "__main__":
    main()
