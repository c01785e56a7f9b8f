"""Several processes that train one network, compared with one: gradients, and what happens after one was killed.

    python -m benchmarks.ranks [--processes 2,3] [--only gradients,killed] [--cases TEXT]

Gradients of one update on noise: the largest difference from one process, in float64 and in float32, there divided by
the largest gradient; whether the images, the correct ones and the loss are the same. Then the seconds until all others
have ended after a process was killed, under torchrun and without an agent, on drawings that are made for it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import Tensor

from benchmarks.machine import describe
from benchmarks.ranks.cases import CASES
from benchmarks.ranks.killed import Killed, killed, with_agent, without_agent
from benchmarks.ranks.launch import in_processes
from benchmarks.ranks.update import BASE, Answer, computed, difference, job_of
from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.synthetic.dataset import draw_dataset
from sketchfit.training.engine import make_engine

LONG = {
    "data": {"channels": 1},
    "folds": {"k": 2, "train": [0]},
    "training": {"epochs": 100_000, "batch_size": 6},
    "audit": {"enabled": False},
    "claim": {"enabled": False},
    "report": {"enabled": False},
    "tracking": {"progress": "plain"},
}
"""A run that does not end by itself."""


def largest(gradients: dict[str, Tensor]) -> float:
    """Return the largest absolute value."""
    return max(float(one.abs().max()) for one in gradients.values())


def same(one: Answer, other: Answer) -> str:
    """Return `yes` where two updates have used the same images, with the same loss and as many right."""
    images = len(one.images) == len(other.images) and np.allclose(one.images, other.images, rtol=1e-5)
    figures = (one.right, one.seen) == (other.right, other.seen) and abs(one.loss - other.loss) < 1e-4
    return "yes" if images and figures else "no"


def print_gradients(processes: Sequence[int], part: str) -> None:
    """Print a table of the cases with this text in their name."""
    cases = {name: case for name, case in CASES.items() if part in name}
    wide, narrow = list(cases.values()), [replace(case, wide=False) for case in cases.values()]
    engine = make_engine(job_of(wide[0]).recipe.compute)
    expected = [computed(case, engine) for case in (*wide, *narrow)]
    print("| update of one batch | processes | float64 | float32, relative | same images and figures |")
    print("| --- | ---: | ---: | ---: | :-: |")
    for count in processes:
        found = in_processes(count, (*wide, *narrow))
        for number, name in enumerate(cases):
            first, second = number, number + len(wide)
            exact = difference(found[first].gradients, expected[first].gradients)
            rounded = difference(found[second].gradients, expected[second].gradients)
            rounded /= largest(expected[second].gradients)
            print(f"| {name} | {count} | {exact:.0e} | {rounded:.0e} | {same(found[first], expected[first])} |")


def print_killed(folder: Path, processes: Sequence[int]) -> None:
    """Print a table of how long the others live after each of two processes was killed."""
    draw_dataset(folder / "data", classes=4, per_class=8, test_per_class=3)
    recipe = load_recipe(merge(BASE, LONG)).save(folder / "recipe.yaml")
    print("| started by | processes | killed | seconds until all have ended | lines about it |")
    print("| --- | ---: | ---: | ---: | --- |")
    for count in processes:
        for rank in (0, 1):
            for name, start in (("torchrun", with_agent), ("plain processes", without_agent)):
                out = folder / f"run-{name}-{count}-{rank}"
                arguments = ["run", str(folder / "data"), "--recipe", str(recipe), "--out", str(out)]
                log = folder / "log.txt"
                found: Killed = killed(start(arguments, log, count), log, rank, when="  loss ")
                print(
                    f"| {name} | {count} | rank {rank} | {found.seconds:.1f} | {'; '.join(found.lines)} |", flush=True
                )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", default="2,3")
    parser.add_argument("--only", default="gradients,killed")
    parser.add_argument("--cases", default="", help="Only cases with this text in their name.")
    options = parser.parse_args()
    processes = [int(one) for one in options.processes.split(",")]
    print(describe(), end="\n\n")
    if "gradients" in options.only:
        print_gradients(processes, options.cases)
        print()
    if "killed" in options.only:
        with tempfile.TemporaryDirectory() as folder:
            print_killed(Path(folder), processes)


if __name__ == "__main__":
    main()
