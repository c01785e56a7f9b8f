"""Unknown classes in complete runs of the product. Tables of docs/unknown.md.

    python -m benchmarks.unknown_run DATA --weights FILE --work FOLDER [--seed 0] [--set KEY=VALUE …]
    python -m benchmarks.unknown_run DATA --run RUN

First form: drawings of 10 % of the classes are in no table that `sketchfit run` reads (unknown); 40 % of the others,
near-duplicates together, are held out: half of them become its test rows, the other half are only questions (known).
The run trains, and `predict --reject 0.05` answers all questions. A bank member, as by default here, takes minutes.

Second form, for a run that is finished: unknown are the training drawings of DATA whose class has not the name of a
class of the run, at most 2,000. Known are its own test rows: 200 times, half of them are the reference and the other
half the questions.

Printed: how many drawings of known classes are rejected (the promise: at most 5 %), how many of unknown classes, and
the AUROC of the p-value.
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
from benchmarks.stand_in import held_out, link
from sketchfit.api.predict import predict
from sketchfit.inference.intervals import Estimate, accuracy
from sketchfit.inference.run_predictor import RunPredictor
from sketchfit.inference.unknown import Rejection, UnknownTest
from sketchfit.inference.unlearnt import answers_to_test_rows
from sketchfit.loaded.of_run import run_model
from sketchfit.runs.run import Run

RATE, UNKNOWN_CLASSES, HELD_OUT, MOST, HALVES = 0.05, 0.1, 0.4, 2000, 200

SETTINGS = (
    "model.input_size=128",
    "training.epochs=0",
    "training.kernel=replace",
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
    """Write a data set without the unknown classes and without the questions, which are returned."""
    rows = _rows(data)
    target = np.array([row["target"] for row in rows])
    names, rng = np.unique(target), np.random.default_rng(seed)
    unknown = np.isin(target, rng.choice(names, int(np.ceil(UNKNOWN_CLASSES * len(names))), replace=False))
    held = held_out(data, out / "cache", HELD_OUT, seed) & ~unknown
    test = held & np.isin(np.arange(len(rows)), rng.permutation(np.flatnonzero(held))[: held.sum() // 2])
    shutil.rmtree(out / "data", ignore_errors=True)
    train = [row for row, use in zip(rows, ~(unknown | held), strict=True) if use]
    for row in train:
        link(data / "train" / row["image_path"], out / "data" / "train" / row["image_path"])
    for number, row in enumerate(row for row, use in zip(rows, test, strict=True) if use):
        link(data / "train" / row["image_path"], out / "data" / "test" / f"{number:05d}.jpeg")
    with (out / "data" / "train.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(train)
    lines = "\n".join(["image_path", *(f"{number:05d}.jpeg" for number in range(int(test.sum())))])
    (out / "data" / "test.csv").write_text(f"{lines}\n", encoding="utf-8")
    return [
        Question(data / "train" / row["image_path"], None if odd else row["target"])
        for row, odd, question in zip(rows, unknown, unknown | (held & ~test), strict=True)
        if question
    ]


def train(data: Path, out: Path, weights: Path, settings: tuple[str, ...]) -> None:
    """Train with the product, in a separate process."""
    given = [part for one in (*SETTINGS, f"model.weights={weights}", *settings) for part in ("--set", one)]
    command = [sys.executable, "-m", "sketchfit", "run", str(data), "--recipe", "cpu", "--out", str(out), *given]
    subprocess.run(command, check=True, env=environment(threads=os.cpu_count() or 1))


def report(frame: pd.DataFrame, questions: list[Question]) -> list[str]:
    """Return the lines on the predictions of all questions."""
    unknown = np.array([one.label is None for one in questions])
    p_value = frame["p_value"].to_numpy(dtype=np.float64)
    rejected = Rejection.at(p_value, RATE).rejected
    right = frame["label_1"].to_numpy(dtype=str) == np.array([one.label or "" for one in questions])
    return [
        f"known classes: {accuracy(rejected[~unknown])} rejected",
        f"unknown classes: {accuracy(rejected[unknown])} rejected",
        f"AUROC of the p-value: {auroc(p_value, unknown)}",
        f"accuracy on known classes: {accuracy(right[~unknown])}",
        f"of those that are not rejected: {accuracy(right[~unknown & ~rejected])}",
    ]


def halved(run: Path, data: Path) -> list[str]:
    """Return the lines on a finished run."""
    opened = Run.open(run)
    test = answers_to_test_rows(RunPredictor.of(opened))
    if test is None:
        raise SystemExit(f"{run} has no test rows")
    names, rng = set(opened.table.class_names), np.random.default_rng(0)
    paths = [data / "train" / row["image_path"] for row in _rows(data) if row["class_name"] not in names]
    chosen = [paths[place] for place in rng.permutation(len(paths))[:MOST]]
    unknown = run_model(opened, keep=False).answers(chosen).answers.final
    figures = []
    for _ in range(HALVES):
        order = rng.permutation(len(test))
        reference, known = test[order[: len(test) // 2]], test[order[len(test) // 2 :]]
        rule = UnknownTest.fit(reference)
        p_known, p_unknown = rule.p_values(known), rule.p_values(unknown)
        is_unknown = np.repeat([False, True], [len(known), len(unknown)])
        area = roc_auc_score(is_unknown, -np.concatenate([p_known, p_unknown]))
        shares = [Rejection.at(one, RATE).rejected.mean() for one in (p_known, p_unknown)]
        figures.append([*shares, area])
    known_share, unknown_share, area = np.mean(figures, axis=0)
    low, high = np.quantile([one[0] for one in figures], [0.025, 0.975])
    return [
        f"{len(test)} test rows in halves, {len(unknown)} drawings of unknown classes",
        f"known classes: {100 * known_share:.1f} % rejected (95 % of the halves: {100 * low:.1f}–{100 * high:.1f})",
        f"unknown classes: {100 * unknown_share:.1f} % rejected",
        f"AUROC of the p-value: {100 * area:.1f}",
    ]


def auroc(p_value: NDArray[np.float64], unknown: NDArray[np.bool_], repeats: int = 200) -> str:
    """Return the area under the curve of finding unknown classes by small p-values, with a bootstrap interval."""
    rng, values = np.random.default_rng(0), []
    for _ in range(repeats):
        rows = rng.integers(0, len(unknown), len(unknown))
        values.append(roc_auc_score(unknown[rows], -p_value[rows]))
    low, high = np.quantile(values, [0.025, 0.975])
    return str(Estimate(float(roc_auc_score(unknown, -p_value)), float(low), float(high), len(unknown)))


def _rows(data: Path) -> list[dict[str, str]]:
    with (data / "train.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--run", type=Path, help="a finished run; nothing is trained")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], help="key=value, settings of the recipe")
    given = parser.parse_args()
    if given.run is not None:
        print("\n".join(halved(given.run, given.data)))
        return
    questions = make_data(given.data, given.work, given.seed)
    train(given.work / "data", given.work / "run", given.weights.resolve(), tuple(given.set))
    frame = predict(given.work / "run", [one.path for one in questions], reject=RATE)
    print("\n".join(report(frame, questions)))


if __name__ == "__main__":
    main()
