"""Images per second of several processes that share one GPU, each training a network. Table of docs/benchmarks.md.

    python -m benchmarks.one_gpu DATA --weights FILE [--backbone NAME] [--processes 1 2 4] [--images 20000]

The processes start together, after a first training each that is not counted (it starts the device). Each has its
share of the processor's cores as threads. Counted is the time from the start of the first one to the end of the last.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

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
        graphs: whether the training uses CUDA graphs.
    """

    case: Case
    number: int
    folder: Path
    graphs: bool


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
        more = {"compute": {"cuda_graphs": task.graphs}}
        job = job_of(case, False, folder, more=more)
        engine = make_engine(job.recipe.compute)
        if name == "counted":
            (task.folder / f"ready-{task.number}").touch()
            while not (task.folder / "start").exists():
                time.sleep(0.01)
        began = time.monotonic()
        fit(job, engine, Console("none"))
        times = began, time.monotonic()
    return times


def rate(case: Case, processes: int, graphs: bool) -> float:
    """Return the images per second of so many processes together."""
    with tempfile.TemporaryDirectory(dir=case.scratch) as folder:
        tasks = [
            [sys.executable, "-m", "benchmarks.one_gpu", "--task", json.dumps([case.to_json(), number, folder, graphs])]
            for number in range(processes)
        ]
        started = [
            subprocess.Popen(task, env=environment(case.threads), stdout=subprocess.PIPE, text=True) for task in tasks
        ]
        while not all((Path(folder) / f"ready-{number}").exists() for number in range(processes)):
            if any(one.poll() for one in started):
                raise RuntimeError("a process failed")
            time.sleep(0.05)
        (Path(folder) / "start").touch()
        times = [json.loads(one.communicate()[0].splitlines()[-1]) for one in started]
    return processes * case.trained / (max(end for _, end in times) - min(begin for begin, _ in times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--backbone", default=Case.backbone)
    parser.add_argument("--size", type=int, default=Case.size)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--precision", default="bf16", choices=("fp32", "bf16"))
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--images", type=int, default=20_000, help="of each process")
    parser.add_argument("--device", default="cuda", choices=("cpu", "cuda"))
    parser.add_argument("--task", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.task:
        case, number, folder, graphs = json.loads(arguments.task)
        print(json.dumps(train(Task(Case.from_json(case), number, Path(folder), graphs))))
        return
    cores = os.cpu_count() or 1
    print(f"{describe()}\n")
    print("| processes | CUDA graphs | images/s together | ÷ the first row |\n| --- | --- | --- | --- |")
    plain: float | None = None
    with tempfile.TemporaryDirectory() as scratch:
        for processes in arguments.processes:
            for graphs in (True, False)[: 1 if processes > 1 else 2]:
                case = Case(
                    data=str(arguments.data.resolve()),
                    fold_data=str(arguments.data.resolve()),
                    weights=str(arguments.weights.resolve()),
                    scratch=scratch,
                    backbone=arguments.backbone,
                    size=arguments.size,
                    batch=arguments.batch,
                    threads=max(1, cores // processes),
                    trained=arguments.images,
                    device=arguments.device,
                    precision=arguments.precision,
                )
                found = rate(case, processes, graphs)
                plain = plain or found
                print(f"| {processes} | {'on' if graphs else 'off'} | {found:,.0f} | {found / plain:.2f} |", flush=True)


if __name__ == "__main__":
    main()
