"""sketchfit compared with alternatives, measured in turn on the same images.

    python -m benchmarks DATA --weights mobilenetv2_100.safetensors [--only pipeline,training] [--repeats 3]

DATA holds `train.csv` and, for inference, `test.csv`. Every candidate runs in a process of its own, in turn (A B C A B
C …), with as many threads as the machine has cores. A Markdown page of medians and ratios goes to standard output, or
to --out after each measurement. Peers that are not installed are named: `pip install -e '.[bench]'`.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.case import Case
from benchmarks.machine import describe
from benchmarks.measure import Candidate, Measurement, interleave, narrowed, table
from benchmarks.measurements import ALL
from benchmarks.part import make_part
from benchmarks.process import call_in_process

QUICK: dict[str, Any] = {
    "loaded": 96,
    "trained": 64,
    "answered": 48,
    "epochs": 1,
    "counts": (1_000, 10_000),
    "updates": 2,
}
"""A quick check; its figures mean nothing."""
QUICK_CLASSES = 8


def main() -> None:
    arguments = parse()
    with tempfile.TemporaryDirectory(prefix="benchmarks-", dir=arguments.scratch) as scratch:
        raise SystemExit(run(arguments, Path(scratch)))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="weights of the backbone, a safetensors file")
    parser.add_argument("--only", default=",".join(ALL), help=f"some of {','.join(ALL)}; commas between")
    parser.add_argument("--candidates", default=None, help="some rows of the tables, by name; semicolons between")
    parser.add_argument("--repeats", type=int, default=None, help="rounds; 3, and 1 with --quick")
    parser.add_argument("--quick", action="store_true", help="few images: to see that everything works")
    parser.add_argument("--out", type=Path, default=None, help="page to write; standard output where left out")
    parser.add_argument("--backbone", default=Case.backbone)
    parser.add_argument("--size", type=int, default=Case.size, help="side of the input in pixels")
    parser.add_argument("--batch", type=int, default=Case.batch)
    parser.add_argument("--epochs", type=int, default=Case.epochs, help="of the fold")
    parser.add_argument("--trained", type=int, default=Case.trained, help="images of a training's epoch")
    parser.add_argument("--device", default=Case.device, choices=("cpu", "cuda"), help="of training")
    parser.add_argument("--precision", default=Case.precision, choices=("fp32", "bf16"), help="of training")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--scratch", type=Path, default=None, help="folder for what is written on the way")
    found = parser.parse_args()
    if unknown := set(found.only.split(",")) - set(ALL):
        parser.error(f"--only: {', '.join(sorted(unknown))} is none of {', '.join(ALL)}")
    for path, what in ((found.data / "train.csv", "a data set"), (found.weights, "weights")):
        if not path.is_file():
            parser.error(f"{what} is needed, and {path} does not exist")
    return found


def run(arguments: argparse.Namespace, scratch: Path) -> int:
    """All measurements options for; the number of candidates that failed."""
    case = case_of(arguments, scratch)
    repeats = arguments.repeats or (1 if arguments.quick else 3)
    page = [head(case, repeats, arguments.quick)]
    failed = 0
    measurements = [measurement for name in arguments.only.split(",") for measurement in ALL[name](case)]
    for measurement in narrowed(measurements, arguments.candidates):
        section, failures = measured(measurement, case, repeats)
        failed += failures
        page.append(section)
        if arguments.out is not None:
            arguments.out.write_text("\n".join(page), encoding="utf-8")
    if arguments.out is None:
        print("\n".join(page))
    return min(failed, 100)


def case_of(arguments: argparse.Namespace, scratch: Path) -> Case:
    names = ("batch", "threads", "epochs", "trained", "precision")
    case = Case.of(arguments, scratch, **{name: getattr(arguments, name) for name in names})
    if not arguments.quick:
        return case
    make_part(arguments.data.resolve(), scratch / "part", QUICK_CLASSES)
    return replace(case, fold_data=str((scratch / "part").resolve()), **QUICK)


def head(case: Case, repeats: int, quick: bool) -> str:
    command = shlex.join(["python", "-m", "benchmarks", *shown(sys.argv[1:])])
    return (
        f"# Benchmarks\n\n{'**A quick run: its figures mean nothing.** ' if quick else ''}{describe()}\n\n"
        f"```sh\n{command}\n```\n\n{case.backbone} at {case.size} px, training on {case.device} in {case.precision}. "
        f"Rounds: {repeats}; in each, all rows of a table "
        f"were run in turn, every one in a process of its own. Threads: {case.threads}. Ratios are those of medians.\n"
    )


def shown(arguments: list[str]) -> list[str]:
    """The command without folders: they are this machine's own."""
    return [Path(text).name if os.sep in text else text for text in arguments]


def measured(measurement: Measurement, case: Case, repeats: int) -> tuple[str, int]:
    """A section of the page, and how many candidates failed."""
    began = time.monotonic()
    print(f"{measurement.title} …", file=sys.stderr, flush=True)
    if measurement.prepare is not None:
        call_in_process(case, measurement.prepare, {})

    def one(candidate: Candidate) -> dict[str, float]:
        found = call_in_process(case, candidate.call, candidate.arguments)
        value = measurement.form.format(found["value"])
        print(f"  {candidate.name}: {value} {measurement.unit}", file=sys.stderr, flush=True)
        return found

    outcomes = interleave(measurement.candidates, repeats, one)
    print(f"  {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    section = f"## {measurement.title}\n\n{measurement.text}\n\n{table(measurement, outcomes)}\n"
    return section, sum(bool(outcome.trouble) and not outcome.absent for outcome in outcomes.values())


if __name__ == "__main__":
    main()
