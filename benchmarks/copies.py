"""How many augmented copies of the outputs of frozen stages a training needs.

    python -m benchmarks.copies DATA --weights tf_efficientnet_lite0.safetensors --work FOLDER [--seeds 0 1]

Every line is a complete run of the recipe `cpu` on fold 0 of five with EfficientNet-Lite0 at 128 px, as a run with a
deadline trains it: the first five layer groups are frozen, there is no probe and no validation, and the trained head is
blended with a kernel head. Audit, claim, report and views are off, as they are the same in all. Differences from the
first line are paired on the same out-of-fold rows, over all seeds. Seconds are from the command to the submission; the
outputs of one line are used by the later ones that need the same, as they would be by further folds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.cpu_run import cpu_run
from benchmarks.machine import describe
from sketchfit.inference.intervals import paired_difference

COPIES_AND_EPOCHS = ((2, 5), (5, 5), (2, 8), (8, 8))
COMMON = (
    "folds.train=[0]",
    "training.kernel={use: blend}",
    "training.probe=false",
    "training.validate_every=0",
    "training.checkpoint=last",
    "model.backbone=tf_efficientnet_lite0",
    "inference.views=[]",
    "report.enabled=false",
    "audit.enabled=false",
    "claim.enabled=false",
)


def right_of(settings: list[str], out: Path, given: argparse.Namespace) -> tuple[NDArray[np.float64], float]:
    """Run; return which out-of-fold rows are right, 0 or 1, and seconds."""
    fixed = (f"model.weights={given.weights.resolve()}", f"data.cache={given.work.resolve() / 'cache'}")
    run, seconds = cpu_run(given.data, out, (*fixed, *COMMON, *settings), given.threads)
    oof = run.oof()
    return (oof.prob.argmax(axis=1) == run.rows.label[oof.row]).astype(np.float64), seconds


def main() -> None:
    """Run all lines and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    print(f"{describe()}\n\n| copies | epochs | out-of-fold top-1, {len(given.seeds)} seeds | difference | seconds |")
    print("| --- | --- | --- | --- | --- |")
    first: NDArray[np.float64] | None = None
    for copies, epochs in COPIES_AND_EPOCHS:
        freeze = f"model.freeze={{train: from, first: 5, copies: {copies}}}"
        found = [
            right_of([freeze, f"training.epochs={epochs}", f"seed={seed}", "folds.seed=0"], given.work / "run", given)
            for seed in given.seeds
        ]
        right = np.mean([one for one, _ in found], axis=0)
        first = right if first is None else first
        gain = "" if right is first else paired_difference(first, right).points
        seconds = np.mean([seconds for _, seconds in found])
        print(f"| {copies} | {epochs} | {100 * right.mean():.1f} % | {gain} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
