"""Claim, estimate without labels and truth where parts of a real training table are held out. Table of docs/claims.md.

    python -m benchmarks.claims_held_out DATA --weights FILE --work FOLDER --by '_(\\d+)\\.' --hold 4 [--splits 10]
    python -m benchmarks.claims_held_out DATA --weights FILE --work FOLDER --share 0.3 [--splits 10]

Each split copies the training images of DATA: rows of some randomly chosen values of `--by` (a regular expression in
the image's path, for instance the drawer) become the test set, or a random `--share` of the rows. Names of test images
are numbers, so that nothing but the pictures shows how they relate to the training images. Then the recipe `cpu` runs
with its defaults for relations, folds and claims. Nothing but the score reads the labels of held-out rows. Finished
runs are kept in FOLDER and not repeated.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.process import environment
from benchmarks.stand_in import labels_of, write_split
from sketchfit.api.score import score
from sketchfit.runs.run import Run


@dataclass(frozen=True)
class Plan:
    """What is held out, and how it is run.

    Attributes:
        data: folder with `train.csv` and the images in `train/`.
        weights: of the backbone.
        by: expression whose first group is the value that is held out; None: rows.
        hold: number of values.
        share: of rows.
        settings: of the recipe, `key=value`.
    """

    data: Path
    weights: Path
    by: str | None
    hold: int
    share: float
    settings: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """One split; accuracies 0 … 1 with the ends of their intervals."""

    split: int
    rows: int
    grouping: str
    out_of_fold: float
    claim: tuple[float, float, float]
    label_free: tuple[float, float, float]
    alarm: bool
    truth: float


def measure(plan: Plan, split: int, folder: Path) -> Result:
    """Hold out, run and score, unless that was done."""
    stored = folder / "result.json"
    if not stored.is_file():
        rows = _hold_out(plan, split, folder / "data")
        settings = (f"model.weights={plan.weights}", "report.enabled=false", "audit.html=false", *plan.settings)
        command = ["run", folder / "data", "--recipe", "cpu", "--out", folder / "run", "--fresh"]
        command += [part for one in settings for part in ("--set", one)]
        subprocess.run(
            [sys.executable, "-m", "sketchfit", *map(str, command)],
            check=True,
            stdout=(folder / "log.txt").open("w"),
            env=environment(threads=1) | {"SKETCHFIT_CACHE": str(folder / "cache")},
        )
        shutil.rmtree(folder / "cache")
        stored.write_text(json.dumps(asdict(_result(split, rows, folder))), encoding="utf-8")
    return Result(**json.loads(stored.read_text(encoding="utf-8")))


def _hold_out(plan: Plan, split: int, out: Path) -> int:
    """Write a data set; return the number of its test rows."""
    with (plan.data / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rng = np.random.default_rng(split)
    if plan.by is None:
        held = rng.random(len(rows)) < plan.share
    else:
        values = np.array([re.search(plan.by, row["image_path"])[1] for row in rows])  # type: ignore[index]
        held = np.isin(values, rng.choice(np.unique(values), plan.hold, replace=False))
    return write_split(plan.data, held, out, rng)


def _result(split: int, rows: int, folder: Path) -> Result:
    claim = Run.open(folder / "run").claim
    assert claim is not None
    assert claim.label_free is not None
    expected, free = claim.expected, claim.label_free.accuracy
    return Result(
        split,
        rows,
        claim.grouping,
        claim.out_of_fold.value,
        (expected.value, expected.low, expected.high),
        (free.value, free.low, free.high),
        claim.alarm,
        score(folder / "run", labels_of(folder / "data")).top1.value,
    )


def table(results: list[Result]) -> list[str]:
    """Return a Markdown table with one line per split and the means."""
    lines = [
        "| split | test rows | out of fold | claim | without labels | truth | alarm | folds keep together |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in results:
        cells = [one.split, one.rows, f"{100 * one.out_of_fold:.1f}", _text(one.claim), _text(one.label_free)]
        cells += [f"{100 * one.truth:.1f}", "yes" if one.alarm else "no", f"`{one.grouping}`"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    for name, figures in (("claim", [one.claim for one in results]), ("estimate", [one.label_free for one in results])):
        truth = np.array([one.truth for one in results])
        values = np.array(figures)
        error, inside = values[:, 0] - truth, (values[:, 1] <= truth) & (truth <= values[:, 2])
        lines.append(
            f"\n{name}: mean absolute error {100 * np.abs(error).mean():.1f} points, mean error "
            f"{100 * error.mean():+.1f}; the interval holds the truth in {inside.sum()} of {len(results)}"
        )
    return lines


def _text(figure: tuple[float, float, float]) -> str:
    value, low, high = (100 * part for part in figure)
    return f"{value:.1f} ({low:.1f}–{high:.1f})"


def main() -> None:
    """Measure all splits and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--by")
    parser.add_argument("--hold", type=int, default=4)
    parser.add_argument("--share", type=float, default=0.3)
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--set", action="append", default=[], help="key=value, settings of the recipe")
    given = parser.parse_args()
    plan = Plan(given.data, given.weights.resolve(), given.by, given.hold, given.share, tuple(given.set))
    results = []
    for split in range(given.splits):
        folder = given.work / f"split{split}"
        folder.mkdir(parents=True, exist_ok=True)
        results.append(measure(plan, split, folder))
        print(results[-1], flush=True)
    print("\n".join(table(results)))


if __name__ == "__main__":
    main()
