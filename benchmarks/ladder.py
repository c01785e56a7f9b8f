"""From one fold to the submission, step by step: what each step is worth out of fold, and how long it takes.

    python benchmarks/ladder.py DATA --weights mobilenetv2_100.safetensors --out runs/ladder [--set KEY=VALUE …]

One fold → all folds → + test-time views → + calibration → + a second, different member → + pseudo-labels. Each step
is a run that continues from the files of the step before, so the script can be stopped and started again. Printed,
and written to `OUT/ladder.md`: top-1 with its 95 % interval, the paired difference from the step before on the same
rows, log-loss, and minutes. The last step's submission is `OUT/both/submission.csv`.
"""

from __future__ import annotations

import argparse
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

import sketchfit
from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.files import read_json, write_json, write_text
from sketchfit.inference.intervals import accuracy, paired_difference
from sketchfit.inference.metrics import log_loss
from sketchfit.inference.oof import Rows, rows_of
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.probabilities import read_probabilities
from sketchfit.runs.table import read_training_rows

VIEWS = ["hflip", "rotate+8", "rotate-8", "scale0.9", "ink", "five-crop0.85", "thicken0.006", "thin0.006"]
SECOND: dict[str, Any] = {
    "model": {"input_size": 96, "head": "cosine"},
    "transforms": {"policy": "strokes"},
}
"""In what the second member differs from the recipe."""


@dataclass(frozen=True)
class Step:
    """What a step left: out-of-fold probabilities [n, C] of rows, and the minutes that it took."""

    name: str
    rows: Rows
    prob: NDArray[np.float32]
    minutes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--out", type=Path, default=Path("runs/ladder"))
    parser.add_argument("--recipe", default="cpu")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--second", default=yaml.safe_dump(SECOND, default_flow_style=True), help="YAML mapping")
    arguments = parser.parse_args()
    weights = [f"model.weights={arguments.weights}"] if arguments.weights else []
    base = load_recipe(arguments.recipe, [*weights, *arguments.set]).model_dump(mode="json")
    off = {"inference": {"views": []}, "calibration": {"method": "none"}, "report": {"enabled": False}}
    plain = merge(base, off)
    views = {"inference": {"views": VIEWS}}
    one, both = arguments.out / "one", arguments.out / "both"
    name = base["model"]["backbone"]
    members = {"members": {name: {}, "second": yaml.safe_load(arguments.second)}}
    calibrated = {"calibration": {"method": "temperature"}}
    students = {"pseudo_label": {"enabled": True}, "report": {"enabled": True}}
    ladder = [
        ("one fold", one, merge(plain, {"folds": {"train": [0]}})),
        ("all folds", one, plain),
        ("+ views", one, merge(plain, views)),
        ("+ calibration", one, merge(plain, merge(views, calibrated))),
        ("+ second member", both, merge(plain, merge(views, merge(calibrated, members)))),
        ("+ pseudo-labels", both, merge(plain, merge(views, merge(calibrated, merge(members, students))))),
    ]
    steps: list[Step] = []
    for number, (title, folder, recipe) in enumerate(ladder):
        if folder == both and not (both / "members").exists():
            shutil.copytree(one / "members", both / "members")  # networks that are there are not trained again
            shutil.copyfile(one / "recipe.yaml", both / "recipe.yaml")  # marks the folder as a run
        steps.append(_step(title, arguments.data, folder, recipe, arguments.out / "steps" / str(number)))
        text = table(steps)
        write_text(arguments.out / "ladder.md", text)
    print(text)


def _step(name: str, data: Path, folder: Path, recipe: dict[str, Any], kept: Path) -> Step:
    """Do a step, unless its outcome is kept."""
    run = RunFolder(folder)
    if not (kept / "minutes.json").is_file():
        began = time.monotonic()
        sketchfit.run(data, recipe, out=folder)
        minutes = (time.monotonic() - began) / 60
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run.ensemble / "oof.npz", kept / "oof.npz")
        write_json(kept / "minutes.json", {"minutes": minutes})
    oof = read_probabilities(kept / "oof.npz")
    rows = rows_of(read_training_rows(run.folds), oof.row)
    return Step(name, rows, oof.prob, float(read_json(kept / "minutes.json")["minutes"]))


def table(steps: list[Step]) -> str:
    """Markdown, one line per step."""
    lines = [
        "| step | top-1 out of fold | against the step before | log-loss | minutes |",
        "| --- | --- | --- | --- | --- |",
    ]
    for number, step in enumerate(steps):
        right = step.rows.right(step.prob)
        gain = ""
        if number and len(steps[number - 1].rows.row) == len(step.rows.row):
            before = steps[number - 1].rows.right(steps[number - 1].prob)
            gain = str(paired_difference(before, right, step.rows.group))
        loss = log_loss(step.prob, step.rows.label)
        lines.append(f"| {step.name} | {accuracy(right, step.rows.group)} | {gain} | {loss:.3f} | {step.minutes:.1f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
