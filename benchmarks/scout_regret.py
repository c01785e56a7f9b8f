"""What accuracy a scout loses against fine-tuning every option, in which share of the time. Table of docs/scout.md.

    python -m benchmarks.scout_regret DATA [DATA …] --weights FOLDER --work FOLDER [--sizes 128,160,224] [--share 0.15]

Each option, a backbone at an input size, is trained by the complete recipe `cpu` on one fold. Then `sketchfit scout`
chooses among the same options in a share of that time. The regret is the best accuracy minus that of the chosen option,
both of the complete training. Started again, it continues: finished trainings and scouts are read from WORK.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import describe
from benchmarks.process import environment
from sketchfit.candidates import BackboneCandidate, find_candidates
from sketchfit.inference.intervals import paired_difference
from sketchfit.runs.artefacts.scout import ScoutRecord
from sketchfit.runs.run import Run

COMMON = ("inference.views=[]", "report.enabled=false", "claim.enabled=false", "folds.group=near_duplicate")


@dataclass(frozen=True)
class Trained:
    """An option that was trained completely: which rows of the fold are right, and the seconds of its command."""

    right: np.ndarray
    seconds: float

    @property
    def top1(self) -> float:
        """Accuracy."""
        return float(self.right.mean())


def settings_of(candidate: BackboneCandidate, size: int, given: argparse.Namespace) -> list[str]:
    """Return the arguments of a run with an option."""
    settings = (
        f"model.backbone={candidate.backbone}",
        f"model.weights={Path(candidate.weights or '').resolve()}",
        f"model.input_size={size}",
        "folds.train=[0]",
        f"data.cache={given.work.resolve() / 'cache'}",
        *COMMON,
    )
    return [part for one in settings for part in ("--set", one)]


def run_command(arguments: Sequence[object], threads: int) -> float:
    """Run a command of sketchfit and return its seconds."""
    began = time.monotonic()
    command = [sys.executable, "-m", "sketchfit", *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment(threads))
    return time.monotonic() - began


def train(data: Path, candidate: BackboneCandidate, size: int, given: argparse.Namespace) -> Trained:
    """Train an option, unless that is done."""
    out = given.work / f"{data.name}-{candidate.name}-{size}"
    done = out.with_suffix(".json")
    if not done.is_file():
        seconds = run_command(
            ["run", data, "--recipe", "cpu", "--out", out, *settings_of(candidate, size, given)], given.threads
        )
        done.write_text(json.dumps({"seconds": seconds}))
    run = Run.open(out)
    oof = run.oof()
    return Trained(oof.prob.argmax(axis=1) == run.rows.label[oof.row], json.loads(done.read_text())["seconds"])


def scout(data: Path, seconds: float, given: argparse.Namespace) -> ScoutRecord:
    """Run a scout, unless that is done."""
    out = given.work / f"{data.name}-scout"
    if not ScoutRecord.exists(out):
        chosen = ["--candidates", given.weights, "--sizes", given.sizes, "--time", f"{seconds:.0f}s", "--out", out]
        own_cache = ["--set", f"data.cache={given.work.resolve() / 'scout-cache'}"]  # no features of earlier runs
        run_command(["scout", data, *chosen, *own_cache], given.threads)
    return ScoutRecord.read(out)


def table_line(name: str, trained: Mapping[str, Trained], record: ScoutRecord) -> str:
    """Return a line of the table.

    Args:
        name: of the data.
        trained: all options, by the scout's names.
        record: of the scout.
    """
    total = sum(one.seconds for one in trained.values())
    best = max(trained, key=lambda key: trained[key].top1)
    regret = paired_difference(trained[record.chosen].right, trained[best].right)
    return (
        f"| {name} | {best}: {100 * trained[best].top1:.1f} % | {record.chosen}: "
        f"{100 * trained[record.chosen].top1:.1f} % | {100 * regret.value:.1f} ({100 * regret.low:+.1f} to "
        f"{100 * regret.high:+.1f}) | {record.used / total:.0%} of {total / 60:.0f} min |"
    )


def main() -> None:
    """Train all options, scout, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--weights", type=Path, required=True, help="folder of files of weights")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sizes", default="128,160,224")
    parser.add_argument("--share", type=float, default=0.15)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    candidates = find_candidates([str(given.weights)])
    print(f"{describe()}\n\n| data | best option | chosen | regret, points | time of the scout |")
    print("| --- | --- | --- | --- | --- |")
    for data in given.data:
        trained = {
            f"{one.name} at {size} px": train(data, one, size, given)
            for one in candidates
            for size in map(int, given.sizes.split(","))
        }
        record = scout(data, given.share * sum(one.seconds for one in trained.values()), given)
        print(table_line(data.name, trained, record), flush=True)


if __name__ == "__main__":
    main()
