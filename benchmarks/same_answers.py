"""Compare the answers of two checkouts bit for bit: weights, out-of-fold and test probabilities, submissions.

    python -m benchmarks.same_answers BEFORE AFTER [--data FOLDER --weights FILE] [--work FOLDER]

BEFORE and AFTER are checkouts of this repository; both run with the interpreter that runs this script. Three runs
each: `demo` (drawings that BEFORE draws, the `demo` recipe), `stages` (the same drawings, a tiny network, every
optional stage switched on) and, where `--data` is given, `data` (one fold and three epochs of the `cpu` recipe).

Every array of `model.safetensors`, `oof.npz` and `test.npz` below `members/`, `derived/` and `ensemble/` is compared,
and the text of `submission.csv`. The exit status is 1 where anything differs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from safetensors.numpy import load_file

STAGES: Mapping[str, object] = {
    "model": {"backbone": "test_resnet", "pretrained": False, "input_size": 32, "mean": 0.5, "std": 0.5},
    "data": {"channels": 1},
    "folds": {"k": 2},
    "optimizer": {"name": "adamw", "lr": 2e-3},
    "training": {"epochs": 3, "batch_size": 8},
    "tracking": {"progress": "plain"},
    "inference": {"views": ["hflip", "five-crop0.85", "thicken0.01"]},
    "calibration": {"method": "temperature"},
    "pseudo_label": {"enabled": True, "force": True, "threshold": 0.0},
    "soup": {"members": "uniform", "folds": True},
    "refit": {"enabled": True},
    "distill": {"enabled": True, "weight": 0.5},
    "report": {"enabled": False},
    "members": {"first": {}, "second": {"seed": 1, "transforms": {"policy": "sketch"}}},
}
"""A recipe of a few seconds in which every stage that changes an answer runs."""

ARRAYS = ("model.safetensors", "oof.npz", "test.npz")


@dataclass(frozen=True)
class Case:
    """A run to repeat with both checkouts: its name, and the arguments of `sketchfit run` before `--out`."""

    name: str
    arguments: tuple[str, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--data", type=Path, help="folder with train.csv and images")
    parser.add_argument("--weights", type=Path, help="file of MobileNetV2 weights; random weights without it")
    parser.add_argument("--work", type=Path, help="folder for data and runs; a temporary one by default")
    options = parser.parse_args()
    for checkout in (options.before, options.after):
        if not (checkout / "src" / "sketchfit").is_dir():
            parser.error(f"{checkout} is not a checkout of sketchfit")
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        different = [
            f"{case.name}: {line}"
            for case in prepare(options.before, work, options.data, options.weights)
            for line in compare_case(case, options.before, options.after, work)
        ]
    print("\n".join(different) or "all equal")
    sys.exit(bool(different))


def prepare(before: Path, work: Path, data: Path | None, weights: Path | None) -> list[Case]:
    """Draw the data and write the recipe; the cases to run."""
    drawn, recipe = work / "drawn", work / "stages.yaml"
    if not drawn.is_dir():
        sketchfit(before, work, "draw", str(drawn), "--classes", "6", "--per-class", "12", "--test-per-class", "6")
    recipe.write_text(yaml.safe_dump(STAGES), encoding="utf-8")
    cases = [Case("demo", (str(drawn), "--recipe", "demo")), Case("stages", (str(drawn), "--recipe", str(recipe)))]
    if data is not None:
        settings = ["folds.train=[0]", "training.epochs=3", "compute.autotune=false", "report.enabled=false"]
        settings.append("model.pretrained=false" if weights is None else f"model.weights={weights.resolve()}")
        overrides = [part for setting in settings for part in ("--set", setting)]
        cases.append(Case("data", (str(data.resolve()), "--recipe", "cpu", *overrides)))
    return cases


def compare_case(case: Case, before: Path, after: Path, work: Path) -> list[str]:
    """Run a case with both checkouts; one line per file that is missing or different."""
    folders = [work / side / case.name for side in ("before", "after")]
    for checkout, folder in zip((before, after), folders, strict=True):
        sketchfit(checkout, work, "run", *case.arguments, "--out", str(folder))
    files = [{path.relative_to(folder) for path in compared(folder)} for folder in folders]
    missing = [f"{path} is in one run only" for path in sorted(files[0] ^ files[1])]
    common = sorted(files[0] & files[1])
    different = [line for path in common if (line := difference(folders[0] / path, folders[1] / path, path))]
    print(f"{case.name}: {len(common)} files compared, {len(different) + len(missing)} different")
    return missing + different


def compared(folder: Path) -> Iterator[Path]:
    """The files of a run's folder that hold answers."""
    yield folder / "submission.csv"
    for room in ("members", "derived", "ensemble"):
        for name in ARRAYS:
            yield from (folder / room).rglob(name)


def difference(first: Path, second: Path, name: Path) -> str:
    """What differs between two files; empty where nothing does."""
    if first.suffix == ".csv":
        return "" if first.read_bytes() == second.read_bytes() else f"{name} differs"
    one, other = arrays(first), arrays(second)
    if one.keys() != other.keys():
        return f"{name} holds other arrays: {sorted(one.keys() ^ other.keys())}"
    unequal = [key for key in one if one[key].tobytes() != other[key].tobytes()]
    return f"{name}: {len(unequal)} of {len(one)} arrays differ, {unequal[0]} first" if unequal else ""


def arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    """Named arrays of a safetensors or npz file."""
    if path.suffix == ".safetensors":
        return dict(load_file(path))
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def sketchfit(checkout: Path, work: Path, *arguments: str) -> None:
    """Run the command line of a checkout, with a cache of its own and one thread per operation."""
    environment = os.environ | {
        "PYTHONPATH": str(checkout.resolve() / "src"),
        "SKETCHFIT_CACHE": str(work.resolve() / f"cache-{checkout.resolve().name}"),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "sketchfit", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{checkout}: sketchfit {' '.join(arguments)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


if __name__ == "__main__":
    main()
