"""Images per second of several processes that share one GPU, each training a network. Table of docs/benchmarks.md.

    python -m benchmarks.one_gpu DATA --weights FILE [--backbone NAME] [--trainings 1 2 4] [--images 20000]
        [--pictures processes threads] [--graphs on off]

The trainings start together, after a first one each that is not counted (it starts the device). Each has its share of
the processor's cores, as threads or as processes that make pictures. Counted is the time from the start of the first
one to the end of the last.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.case import Case
from benchmarks.machine import describe
from benchmarks.process import environment

FIRST = 1024
"""Images of the training that is not counted."""


@dataclass(frozen=True)
class Task:
    """What one process does.

    Attributes:
        case: the network and its data.
        number: of the process.
        folder: in which the processes wait for each other.
        settings: of the training's `compute` section.
    """

    case: Case
    number: int
    folder: Path
    settings: dict[str, Any]


def train(task: Task) -> tuple[float, float]:
    """Train twice; return when the second training began and ended, by the system's monotonic clock."""
    from benchmarks.measurements.training import job_of
    from sketchfit.tracking.console import Console
    from sketchfit.training.engine import make_engine
    from sketchfit.training.fit import fit

    times = (0.0, 0.0)
    for name, images in (("first", FIRST), ("counted", task.case.trained)):
        case = Case(**{**asdict(task.case), "trained": images})
        folder = task.folder / f"{name}-{task.number}"
        folder.mkdir()
        job = job_of(case, False, folder, more={"compute": task.settings})
        engine = make_engine(job.recipe.compute)
        if name == "counted":
            (task.folder / f"ready-{task.number}").touch()
            while not (task.folder / "start").exists():
                time.sleep(0.01)
        began = time.monotonic()
        fit(job, engine, Console("none"))
        times = began, time.monotonic()
    return times


def rate(case: Case, trainings: int, settings: dict[str, Any]) -> float:
    """Return the images per second of so many trainings together.

    Raises:
        RuntimeError: one of them failed.
    """
    with tempfile.TemporaryDirectory(dir=case.scratch) as folder, ExitStack() as stack:
        started: list[subprocess.Popen[str]] = []
        for number in range(trainings):
            task = json.dumps([case.to_json(), number, folder, settings])
            command = [sys.executable, "-m", "benchmarks.one_gpu", "--task", task]
            one = subprocess.Popen(command, env=environment(case.threads), stdout=subprocess.PIPE, text=True)
            stack.callback(one.kill)
            started.append(one)
        while not all((Path(folder) / f"ready-{number}").exists() for number in range(trainings)):
            if any(one.poll() is not None for one in started):
                raise RuntimeError("a training failed")
            time.sleep(0.05)
        (Path(folder) / "start").touch()
        times: list[tuple[float, float]] = [json.loads(one.communicate()[0].splitlines()[-1]) for one in started]
    return trainings * case.trained / (max(end for _, end in times) - min(begin for begin, _ in times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--backbone", default=Case.backbone)
    parser.add_argument("--size", type=int, default=Case.size)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--precision", default="bf16", choices=("fp32", "bf16"))
    parser.add_argument("--trainings", type=int, nargs="+", default=[1, 2], help="at the same time")
    parser.add_argument("--pictures", nargs="+", default=["processes", "threads"], choices=("processes", "threads"))
    parser.add_argument("--graphs", nargs="+", default=["on", "off"], choices=("on", "off"))
    parser.add_argument("--images", type=int, default=20_000, help="of each training")
    parser.add_argument("--device", default="cuda", choices=("cpu", "cuda"))
    parser.add_argument("--task", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.task:
        case, number, folder, settings = json.loads(arguments.task)
        print(json.dumps(train(Task(Case.from_json(case), number, Path(folder), settings))))
        return
    if arguments.data is None or arguments.weights is None:
        parser.error("DATA and --weights are needed")
    print(f"{describe()}\n\n| trainings | pictures by | CUDA graphs | images/s together |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as scratch:
        for trainings, pictures, graphs in product(arguments.trainings, arguments.pictures, arguments.graphs):
            more = {"batch": arguments.batch, "precision": arguments.precision, "trained": arguments.images}
            threads = max(1, (os.cpu_count() or 1) // trainings)
            case = Case.of(arguments, Path(scratch), threads=threads, **more)
            processes = threads if pictures == "processes" else 0
            found = rate(case, trainings, {"cuda_graphs": graphs == "on", "processes": processes})
            print(f"| {trainings} | {pictures} | {graphs} | {found:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
