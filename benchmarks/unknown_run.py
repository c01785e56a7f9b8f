"""Unknown classes in a complete run of the product: train without 10 % of the classes, predict with --reject 0.05.

    python -m benchmarks.unknown_run DATA --weights FILE --work FOLDER [--seed 0] [--set KEY=VALUE …]
    python -m benchmarks.unknown_run DATA --run RUN [--known FOLDER]

First form: drawings of 10 % of the classes, and a fifth of the drawings of the others (near-duplicates together), are
not in the data set that `sketchfit run` gets; afterwards they are the questions. With a bank member, as by default
here, the run takes a few minutes. Second form: the questions to a finished run are the training drawings of DATA, which
the run must not have: those of classes with the name of a class of the run are known, the others unknown. --known adds
a folder of drawings of known classes.

Printed: how many drawings of known classes are rejected (the promise: at most 5 %), how many of unknown classes, both
with intervals, the AUROC of the p-value, and the accuracy of the answers with and without rejection.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmarks.process import environment
from benchmarks.stand_in import held_out
from sketchfit.commands.predict import predict
from sketchfit.inference.intervals import Estimate, accuracy
from sketchfit.runs.run import Run

RATE, UNKNOWN_CLASSES, HELD_OUT = 0.05, 0.1, 0.2

SETTINGS = (
    "model.input_size=128",
    "training.epochs=0",
    "folds.k=5",
    "inference.views=[]",
    "claim.enabled=false",
    "report.enabled=false",
    "audit.html=false",
)
"""Of the run: a head in closed form on the frozen backbone."""


@dataclass(frozen=True)
class Question:
    """A drawing: its place, and its class by the training table; None where no class of the run is right."""

    path: Path
    label: str | None


def make_data(data: Path, out: Path, seed: int) -> list[Question]:
    """Write a data set without the unknown classes and the held-out rows, and return these drawings."""
    with (data / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    target = np.array([row["target"] for row in rows])
    names = np.unique(target)
    unknown = np.isin(
        target, np.random.default_rng(seed).choice(names, round(UNKNOWN_CLASSES * len(names)), replace=False)
    )
    held = held_out(data, out / "cache", HELD_OUT, seed)
    shutil.rmtree(out / "data", ignore_errors=True)
    for row, use in zip(rows, ~(unknown | held), strict=True):
        if use:
            place = out / "data" / "train" / row["image_path"]
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(data / "train" / row["image_path"], place)
    with (out / "data" / "train.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for row, use in zip(rows, ~(unknown | held), strict=True) if use)
    return [
        Question(data / "train" / row["image_path"], None if odd else row["target"])
        for row, odd, left_out in zip(rows, unknown, held, strict=True)
        if odd or left_out
    ]


def train(data: Path, out: Path, weights: Path, settings: tuple[str, ...]) -> None:
    """Train with the product, in a process of its own."""
    given = [part for one in (*SETTINGS, f"model.weights={weights}", *settings) for part in ("--set", one)]
    command = [sys.executable, "-m", "sketchfit", "run", str(data), "--recipe", "cpu", "--out", str(out), *given]
    subprocess.run(command, check=True, env=environment(threads=os.cpu_count() or 1))


def others(data: Path, run: Path, known: Path | None) -> list[Question]:
    """Return the training drawings of another data set with the same names of classes."""
    table = Run.open(run).table
    label_of = dict(zip(table.class_names, table.class_labels, strict=True))
    with (data / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = [Question(data / "train" / row["image_path"], label_of.get(row["class_name"])) for row in rows]
    extra = [] if known is None else [Question(path, "") for path in sorted(known.rglob("*")) if path.is_file()]
    return found + extra


def evaluate(frame: pd.DataFrame, questions: list[Question]) -> list[str]:
    """Return the lines of the report."""
    unknown = np.array([one.label is None for one in questions])
    label = np.array([one.label or "" for one in questions])
    p_value = frame["p_value"].to_numpy(dtype=np.float64)
    rejected = frame["index"].isna().to_numpy(dtype=np.bool_)
    right = frame["label_1"].to_numpy(dtype=str) == label
    labelled = ~unknown & (label != "")
    return [
        f"known classes: {accuracy(rejected[~unknown])} rejected",
        f"unknown classes: {accuracy(rejected[unknown])} rejected",
        f"AUROC of the p-value: {auroc(p_value, unknown)}",
        f"accuracy on known classes: {accuracy(right[labelled])}",
        f"of those that are not rejected: {accuracy(right[labelled & ~rejected])}",
        f"of all answers, unknown classes included, without rejection: {accuracy(right)}",
        f"of all answers that are given: {accuracy(right[~rejected])}",
    ]


def auroc(p_value: NDArray[np.float64], unknown: NDArray[np.bool_], repeats: int = 200) -> str:
    """Return the area under the curve of finding unknown classes by small p-values, with a bootstrap interval."""
    rng, values = np.random.default_rng(0), []
    for _ in range(repeats):
        rows = rng.integers(0, len(unknown), len(unknown))
        values.append(roc_auc_score(unknown[rows], -p_value[rows]))
    low, high = np.quantile(values, [0.025, 0.975])
    return str(Estimate(float(roc_auc_score(unknown, -p_value)), float(low), float(high), len(unknown)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--run", type=Path, help="a finished run; nothing is trained")
    parser.add_argument("--known", type=Path, help="with --run: a folder of drawings of known classes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], help="key=value, settings of the recipe")
    given = parser.parse_args()
    run = given.run or given.work / "run"
    if given.run is None:
        questions = make_data(given.data, given.work, given.seed)
        train(given.work / "data", run, given.weights.resolve(), tuple(given.set))
    else:
        questions = others(given.data, run, given.known)
    frame = predict(run, [one.path for one in questions], reject=RATE)
    print("\n".join(evaluate(frame, questions)))


if __name__ == "__main__":
    main()
