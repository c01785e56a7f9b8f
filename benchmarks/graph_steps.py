"""Training steps on a GPU with and without CUDA graphs, on one batch that is ready. Table of docs/benchmarks.md.

    python -m benchmarks.graph_steps DATA --weights FILE [--backbone NAME] [--batches 32 128] [--precisions fp32 bf16]

Each line is the mean of 40 updates after 8 that are not counted: forward and backward passes and the optimizer, without
moving average and without making pictures.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from benchmarks.case import Case
from benchmarks.machine import describe

FIRST, COUNTED = 8, 40
"""Updates."""


def step_seconds(case: Case, folder: Path, graphs: bool) -> tuple[float, float]:
    """Return the seconds of an update, and those after which the processor had started all of it."""
    from benchmarks.measurements.training import job_of
    from benchmarks.peers.timm_loop import synchronize
    from sketchfit.training.engine import make_engine
    from sketchfit.training.loader import DataLoader
    from sketchfit.training.plan import make_plan
    from sketchfit.training.state import start, wrap
    from sketchfit.training.step import update

    job = job_of(case, False, folder, more={"compute": {"cuda_graphs": graphs}})
    engine = make_engine(job.recipe.compute)
    state = start(job, engine, None)
    wrap(state, engine, job.recipe)
    batches = DataLoader(job, state.normalisation, engine).updates(make_plan(job.recipe, len(job.train_rows)).epochs[0])
    micros = next(batches)
    batches.close()
    state.model.train()
    for number in range(FIRST):
        update(state, micros, job.recipe, engine, number)
    synchronize(case)
    began = time.perf_counter()
    for number in range(COUNTED):
        update(state, micros, job.recipe, engine, number)
    host = time.perf_counter() - began
    synchronize(case)
    return (time.perf_counter() - began) / COUNTED, host / COUNTED


def in_folder(case: Case, graphs: bool) -> tuple[float, float]:
    """Return the same for a training in a temporary folder."""
    with tempfile.TemporaryDirectory(dir=case.scratch) as folder:
        return step_seconds(case, Path(folder), graphs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--backbone", default=Case.backbone)
    parser.add_argument("--size", type=int, default=Case.size)
    parser.add_argument("--batches", type=int, nargs="+", default=[32, 128])
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"], choices=("fp32", "bf16"))
    parser.add_argument("--device", default="cuda", choices=("cpu", "cuda"))
    arguments = parser.parse_args()
    print(f"{describe()}\n")
    print("| batch | precision | CUDA graphs | step, ms | processor, ms | images/s |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as scratch:
        for batch in arguments.batches:
            for precision in arguments.precisions:
                more = {"batch": batch, "precision": precision, "trained": 8 * batch, "threads": os.cpu_count() or 1}
                case = Case.of(arguments, Path(scratch), **more)
                for graphs in (False, True):
                    step, host = in_folder(case, graphs)
                    used = "on" if graphs else "off"
                    figures = f"{1e3 * step:.1f} | {1e3 * host:.1f} | {batch / step:,.0f}"
                    print(f"| {batch} | {precision} | {used} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
