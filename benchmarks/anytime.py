"""Accuracy of the answer by the time that a run was given, on a stand-in test set. Table of docs/deadline.md.

    python -m benchmarks.anytime DATA --work FOLDER --times 1m 3m 8m [--candidates FILE …] [--share 0.2] [--runs 1]

Rows of DATA's training table become the test set: complete groups of near-duplicates, the same share of each class.
Each run starts with an empty cache, so that its time includes everything from the start of the process. Printed: the
out-of-fold accuracy, the claim and the accuracy on the held-out rows, each with its 95 % interval; when the first
submission existed; and the share of the time that was used. `FOLDER/anytime.json` has the same figures. Finished runs
are kept in FOLDER and not repeated.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import describe
from benchmarks.stand_in import held_out, labels_of, write_split
from benchmarks.timed_run import run_command, watch, why_invalid
from sketchfit.api.score import score
from sketchfit.planning.times import parse_duration
from sketchfit.runs.estimates import Estimate
from sketchfit.runs.run import Run

Figure = tuple[float, float, float]
"""Value and both ends of its 95 % interval, 0 … 1."""


@dataclass(frozen=True)
class Study:
    """What all runs share.

    Attributes:
        data: with a stand-in test set.
        work: folder of the results.
        more: further arguments of the command.
    """

    data: Path
    work: Path
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Point:
    """One run.

    Attributes:
        time: that it was given, in seconds.
        seconds: that it took.
        first: seconds until the first submission.
        load: of the machine before it, over one minute.
        networks: whose test answers are combined, and `members`, how many kinds of them.
        out_of_fold, claim, truth: top-1; the claim is None where there is none.
        test_rows: on which `truth` rests.
    """

    time: float
    seconds: float
    first: float | None
    load: float
    networks: int
    members: int
    out_of_fold: Figure
    claim: Figure | None
    truth: Figure
    test_rows: int


def prepare(data: Path, work: Path, share: float, seed: int) -> Path:
    """Write the data set with the stand-in test set, unless it is there."""
    out, done = work / "data", work / "data.json"
    if not done.is_file():
        held = held_out(data, work / "cache-of-the-split", share, seed)
        count = write_split(data, held, out, np.random.default_rng(seed))
        shutil.rmtree(work / "cache-of-the-split", ignore_errors=True)
        done.write_text(json.dumps({"test_rows": count, "share": share, "seed": seed}), encoding="utf-8")
    return out


def measure(study: Study, seconds: float, number: int) -> Point:
    """Run and score, unless that was done.

    Raises:
        RuntimeError: the run failed, or its submission is not valid.
    """
    folder = study.work / f"{seconds:g}s-{number}"
    stored = folder / "result.json"
    if not stored.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        load = os.getloadavg()[0]
        command = run_command(study.data, seconds, folder / "run", study.more)
        seen = watch(command, folder / "run", folder / "log.txt", seconds, folder / "cache")
        shutil.rmtree(folder / "cache", ignore_errors=True)
        if seen.status != 0:
            raise RuntimeError(f"the run ended with status {seen.status}: see {folder / 'log.txt'}")
        opened = Run.open(folder / "run")
        wrong = why_invalid(
            folder / "run" / "submission.csv", study.data / "sample_submission.csv", opened.table.class_count
        )
        if wrong:
            raise RuntimeError(f"the submission of {folder}: {wrong}")
        point = _point(study, opened, seconds, (seen.seconds, seen.first_submission, load))
        stored.write_text(json.dumps(asdict(point)), encoding="utf-8")
    return Point(**json.loads(stored.read_text(encoding="utf-8")))


def _point(study: Study, run: Run, seconds: float, seen: tuple[float, float | None, float]) -> Point:
    top1 = score(run.path, labels_of(study.data)).top1
    last = run.plan.answers[-1] if run.plan and run.plan.answers else None
    return Point(
        time=seconds,
        seconds=seen[0],
        first=seen[1],
        load=seen[2],
        networks=last.networks if last else 0,
        members=len(last.members) if last else 0,
        out_of_fold=_figure(run.steps[-1].top1),
        claim=_figure(run.claim.expected) if run.claim else None,
        truth=_figure(top1),
        test_rows=top1.n,
    )


def _figure(estimate: Estimate) -> Figure:
    return estimate.value, estimate.low, estimate.high


def table(points: Sequence[Point]) -> list[str]:
    """Return a Markdown table with one line per run."""
    lines = [
        "| time | used | first submission | networks | out of fold | claim | test | test rows | load before |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in points:
        first = "–" if one.first is None else f"{one.first:.0f} s ({100 * one.first / one.time:.0f} %)"
        claim = "–" if one.claim is None else text(one.claim)
        cells = [f"{one.time:g} s", f"{one.seconds:.0f} s ({one.seconds / one.time:.3f})", first]
        cells += [f"{one.networks} of {one.members} members", text(one.out_of_fold), claim, text(one.truth)]
        lines.append(f"| {' | '.join([*cells, f'{one.test_rows:,}', f'{one.load:.1f}'])} |")
    return lines


def text(figure: Sequence[float]) -> str:
    """Return a figure in percent: `58.1 (56.3–59.9)`."""
    value, low, high = (100 * part for part in figure)
    return f"{value:.1f} ({low:.1f}–{high:.1f})"


def main() -> None:
    """Measure all times and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--times", nargs="+", default=["1m", "3m", "8m"])
    parser.add_argument("--runs", type=int, default=1, help="runs of each time")
    parser.add_argument("--share", type=float, default=0.2, help="of the rows of each class that are held out")
    parser.add_argument("--seed", type=int, default=0, help="of the held-out rows")
    parser.add_argument("--candidates", nargs="*", default=[], help="backbones or files of weights, as for the run")
    parser.add_argument("--set", action="append", default=[], help="key=value, settings of the run")
    given = parser.parse_args()
    more = [part for one in given.candidates for part in ("--candidates", one)]
    more += [part for one in given.set for part in ("--set", one)]
    given.work.mkdir(parents=True, exist_ok=True)
    study = Study(prepare(given.data, given.work, given.share, given.seed), given.work, tuple(more))
    print(describe(), flush=True)
    points = []
    for number in range(given.runs):
        for name in given.times:
            points.append(measure(study, parse_duration(name), number))
            print(points[-1], flush=True)
    points.sort(key=lambda one: one.time)
    (given.work / "anytime.json").write_text(json.dumps([asdict(one) for one in points], indent=1), encoding="utf-8")
    print("\n".join(table(points)))


if __name__ == "__main__":
    main()
