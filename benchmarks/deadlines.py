"""Whether runs with a deadline end in time, also when another process uses a core, and after a kill.

    python -m benchmarks.deadlines DATA --work FOLDER --times 3m 8m --runs 5 [--kinds quiet loaded killed]

Each run starts with an empty cache. `quiet`: nothing else runs. `loaded`: from a random moment on, another process uses
one core. `killed`: the run is killed at a random moment and continued after a pause by the same command; networks that
were finished at the kill must keep their probabilities to the bit. Moments are a function of time, kind and number of
the run. Printed per time and kind: the time used as a share of the deadline (for `killed` of the deadline plus the
pause), how many runs end between 0.85 and 1.00 of it, the largest share, and the first submission.
`FOLDER/deadlines.json` has the figures of all runs. Finished runs are kept in FOLDER and not repeated.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from benchmarks.machine import describe
from benchmarks.timed_run import Disturbance, Watched, run_command, watch, why_invalid
from sketchfit.planning.times import parse_duration
from sketchfit.runs.artefacts import RunPlan

KINDS = ("quiet", "loaded", "killed")
PAUSE = 15.0
"""Seconds between a kill and its continuation."""

EARLIEST, LATEST, LIMIT = 0.85, 1.00, 1.02
"""A run should end between the first two shares of its deadline, and never after the last."""


@dataclass(frozen=True)
class Outcome:
    """One run.

    Attributes:
        time: deadline in seconds.
        kind: one of `KINDS`.
        number: of the run.
        at: seconds until another process started, or until the kill; None for `quiet`, and where the run ended before.
        share: time used as a share of the deadline, or of the deadline plus the pause.
        first: seconds of the first submission, as a share of the deadline; None where there was none.
        wrong: why the submission is not valid, or the run's exit status; else empty.
        kept: networks that were finished at the kill; `changed` of them have other probabilities in the end.
    """

    time: float
    kind: str
    number: int
    at: float | None
    share: float
    first: float | None
    wrong: str = ""
    kept: int = 0
    changed: int = 0


@dataclass(frozen=True)
class Study:
    """What all runs share: a data set with a sample submission, the folder of the results, arguments of the command."""

    data: Path
    work: Path
    more: tuple[str, ...] = ()


def measure(study: Study, seconds: float, kind: str, number: int) -> Outcome:
    """Run, unless that was done."""
    folder = study.work / f"{seconds:g}s-{kind}-{number}"
    stored = folder / "result.json"
    if not stored.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        found = _killed(study, seconds, number, folder) if kind == "killed" else _whole(study, seconds, kind, number)
        shutil.rmtree(folder / "cache", ignore_errors=True)
        stored.write_text(json.dumps(asdict(found)), encoding="utf-8")
    return Outcome(**json.loads(stored.read_text(encoding="utf-8")))


def moment(seconds: float, kind: str, number: int) -> float:
    """Return the moment at which something happens to a run: between 5 and 85 % of its deadline."""
    rng = np.random.default_rng([round(seconds), KINDS.index(kind), number])
    return float(seconds * rng.uniform(0.05, 0.85))


def _whole(study: Study, seconds: float, kind: str, number: int) -> Outcome:
    folder = study.work / f"{seconds:g}s-{kind}-{number}"
    at = moment(seconds, kind, number) if kind == "loaded" else None
    command = run_command(study.data, seconds, folder / "run", study.more)
    seen = watch(command, folder / "run", folder / "log.txt", seconds, folder / "cache", Disturbance(load_at=at))
    first = None if seen.first_submission is None else seen.first_submission / seconds
    return Outcome(seconds, kind, number, at, seen.seconds / seconds, first, _wrong(study, folder, seen))


def _killed(study: Study, seconds: float, number: int, folder: Path) -> Outcome:
    at, run = moment(seconds, "killed", number), folder / "run"
    command = run_command(study.data, seconds, run, study.more)
    before = watch(command, run, folder / "log.txt", seconds, folder / "cache", Disturbance(kill_at=at))
    finished = digests(run)
    plan = RunPlan.find(run)
    if before.status == 0 or (plan is not None and plan.finished_at is not None):  # it had ended before its kill
        first = None if before.first_submission is None else before.first_submission / seconds
        ended = replace(before, status=0)
        return Outcome(seconds, "killed", number, None, before.seconds / seconds, first, _wrong(study, folder, ended))
    time.sleep(PAUSE)
    after = watch(command, run, folder / "log.txt", seconds, folder / "cache")
    now = digests(run)
    changed = sum(now.get(name) != digest for name, digest in finished.items())
    used = (before.seconds + PAUSE + after.seconds) / (seconds + PAUSE)
    first = before.first_submission
    if first is None and after.first_submission is not None:
        first = before.seconds + after.first_submission
    share = None if first is None else first / seconds
    wrong = _wrong(study, folder, after)
    return Outcome(seconds, "killed", number, at, used, share, wrong, len(finished), changed)


def digests(run: Path) -> dict[str, str]:
    """Return `member/foldK` to a digest of the probabilities of each finished network."""
    found = {}
    for done in sorted(run.glob("members/*/fold*/done.json")):
        digest = hashlib.blake2b(digest_size=16)
        for name in ("oof.npz", "test.npz"):
            if (done.parent / name).is_file():
                with np.load(done.parent / name) as arrays:
                    for key in sorted(arrays.files):
                        digest.update(np.ascontiguousarray(arrays[key]).tobytes())
        found[f"{done.parent.parent.name}/{done.parent.name}"] = digest.hexdigest()
    return found


def _wrong(study: Study, folder: Path, seen: Watched) -> str:
    if seen.status != 0:
        return f"exit status {seen.status}"
    classes = pd.read_csv(study.data / "train.csv")["target"].nunique()
    return why_invalid(folder / "run" / "submission.csv", study.data / "sample_submission.csv", classes)


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """Return a Markdown table with one line per time and kind."""
    lines = [
        "| deadline | kind | runs | valid | used, median (min–max) | in 0.85–1.00 | above 1.02 "
        "| latest first submission | networks kept, changed |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    groups: Mapping[tuple[float, str], list[Outcome]] = {
        key: [one for one in outcomes if (one.time, one.kind) == key]
        for key in dict.fromkeys((one.time, one.kind) for one in outcomes)
    }
    for (seconds, kind), runs in groups.items():
        shares = [one.share for one in runs]
        inside = sum(EARLIEST <= share <= LATEST for share in shares)
        first = [one.first for one in runs if one.first is not None]
        kept = f"{sum(one.kept for one in runs)}, {sum(one.changed for one in runs)}" if kind == "killed" else "–"
        cells = [f"{seconds:g} s", kind, len(runs), sum(not one.wrong for one in runs)]
        cells += [f"{median(shares):.3f} ({min(shares):.3f}–{max(shares):.3f})", f"{inside} of {len(runs)}"]
        cells += [sum(share > LIMIT for share in shares), f"{100 * max(first):.0f} %" if first else "none", kept]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += [f"\n{one.time:g} s, {one.kind}, run {one.number}: {one.wrong}" for one in outcomes if one.wrong]
    return lines


def main() -> None:
    """Measure all runs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--times", nargs="+", default=["3m", "8m"])
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--runs", type=int, default=5, help="runs of each time and kind")
    parser.add_argument("--candidates", nargs="*", default=[], help="backbones or files of weights, as for the run")
    parser.add_argument("--set", action="append", default=[], help="key=value, settings of the run")
    given = parser.parse_args()
    more = [part for one in given.candidates for part in ("--candidates", one)]
    more += [part for one in given.set for part in ("--set", one)]
    given.work.mkdir(parents=True, exist_ok=True)
    study = Study(given.data.resolve(), given.work, tuple(more))
    print(describe(), flush=True)
    outcomes = []
    for number in range(given.runs):
        for name in given.times:
            for kind in given.kinds:
                outcomes.append(measure(study, parse_duration(name), kind, number))
                print(outcomes[-1], flush=True)
    outcomes.sort(key=lambda one: (one.time, KINDS.index(one.kind), one.number))
    (given.work / "deadlines.json").write_text(
        json.dumps([asdict(one) for one in outcomes], indent=1), encoding="utf-8"
    )
    print("\n".join(table(outcomes)))


if __name__ == "__main__":
    main()
