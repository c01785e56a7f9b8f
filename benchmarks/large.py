"""Time and memory of every stage of a run on many small images.

    python -m benchmarks.large 100000 100 [--side 32] [--work FOLDER] [--set KEY=VALUE …] [--keep]

Draws so many training images of so many classes, and a tenth as many test images (32 px, grey PNG, one folder per
class); one in a hundred is a mirrored copy of another. Then `sketchfit run` is called with the recipe `demo`, two
folds, one epoch and weights made for this purpose, so that the stages on frozen features run too. Per stage the table
has the seconds, those of processors (on a machine that others use too, only these can be compared), the largest
resident memory, and the part of it that is no mapped file: pages of mapped files can be dropped by the system.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import sketchfit
from benchmarks.machine import cpu_model, memory_gb
from sketchfit.periodic import repeated

BLOCK = 1000
"""Images of a file name's folder that one task draws."""

EVERY = 0.02
"""Seconds between two measurements of the memory."""

SETTINGS = ("training.epochs=1", "training.batch_size=256", "folds.k=2", "schedule.warmup=0")


def draw(root: Path, rows: int, classes: int, side: int) -> None:
    """Draw `rows` training images in folders of their classes, and a tenth as many test images."""
    for name in range(classes):
        (root / "train" / f"class_{name:05d}").mkdir(parents=True)
    (root / "test").mkdir()
    tests = rows // 10
    starts = [("train", start, min(start + BLOCK, rows)) for start in range(0, rows, BLOCK)]
    starts += [("test", start, min(start + BLOCK, tests)) for start in range(0, tests, BLOCK)]
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(
            pool.map(_draw_block, *zip(*[(root, split, *ends, classes, side) for split, *ends in starts], strict=True))
        )


def _draw_block(root: Path, split: str, start: int, end: int, classes: int, side: int) -> None:
    for number in range(start, end):
        label = number % classes
        original = number - classes  # of the same class
        copy = number % 100 == 7 and split == "train" and original >= 0
        image = picture(split, original if copy else number, label, side)
        image = np.ascontiguousarray(image[:, ::-1]) if copy else image
        folder = root / split / f"class_{label:05d}" if split == "train" else root / split
        (folder / f"{number:07d}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())


def picture(split: str, number: int, label: int, side: int) -> np.ndarray:
    """One drawing, uint8 [side, side]: a stroke of its class, and two strokes that differ in each drawing."""
    rng = np.random.default_rng([number, split == "test"])
    shape = np.random.default_rng([label, 7]).uniform(0.1, 0.9, (5, 2)) + rng.normal(0, 0.03, (5, 2))
    large = np.full((4 * side, 4 * side), 255, np.uint8)
    for points, width in ((shape, 7), (rng.uniform(0, 1, (4, 2)), 4), (rng.uniform(0, 1, (3, 2)), 4)):
        cv2.polylines(large, [np.round(points * 4 * side).astype(np.int32)], False, 0, width, cv2.LINE_AA)
    return cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA)


def weights(path: Path) -> None:
    """Write weights as a user would have them; they have learnt nothing."""
    import torch
    from safetensors.torch import save_file

    from sketchfit._timm import timm

    torch.manual_seed(0)
    save_file(timm.create_model("test_resnet", pretrained=False).state_dict(), path)


@dataclass
class Memory:
    """The largest memory of this process since the last call of `peak`, measured by a thread; bytes."""

    _largest: dict[str, int] = field(default_factory=dict)

    def measured(self) -> AbstractContextManager[None]:
        """Measure within the block."""
        return repeated(self._note, EVERY)

    def peak(self) -> Mapping[str, int]:
        """Return the largest values by name, and begin again."""
        self._note()
        found, self._largest = self._largest, {}
        return found

    def _note(self) -> None:
        for line in Path("/proc/self/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in ("VmRSS", "RssAnon"):
                self._largest[name] = max(self._largest.get(name, 0), 1024 * int(value.split()[0]))


def run(data: Path, out: Path, recipe: str, settings: list[str], lines: Path) -> None:
    """Run all stages in this process; a line of figures per stage goes to a file as soon as it is done."""
    command: Any = importlib.import_module("sketchfit.commands.run")
    memory = Memory()

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            memory.peak()
            began, used = time.monotonic(), time.process_time()
            found = function(*arguments)
            figures = {
                "stage": name,
                "seconds": time.monotonic() - began,
                "processor": time.process_time() - used,
                **memory.peak(),
            }
            with lines.open("a") as file:
                file.write(json.dumps(figures) + "\n")
            return found

        return call

    command.start_run = timed("tables and checks", command.start_run)
    command.STAGES = tuple(replace(one, stage=timed(one.stage.__name__, one.stage)) for one in command.STAGES)
    with memory.measured():
        sketchfit.run(data, recipe, settings, out=out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int)
    parser.add_argument("classes", type=int)
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--work", type=Path, help="folder of images and results; a temporary one where left out")
    parser.add_argument("--recipe", default="demo")
    parser.add_argument("--set", action="append", default=[], help="further settings")
    parser.add_argument("--keep", action="store_true", help="leave images and results where they are")
    parser.add_argument("--lines", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp(prefix="sketchfit-large-"))
    settings = [f"model.input_size={options.side}", f"data.cache={work / 'cache'}", *SETTINGS]
    settings += ["model.pretrained=true", f"model.weights={work / 'weights.safetensors'}", *options.set]
    if options.lines:
        run(work / "data", work / "run", options.recipe, settings, options.lines)
        return
    if not (work / "data" / "test").is_dir():
        began = time.monotonic()
        draw(work / "data", options.rows, options.classes, options.side)
        weights(work / "weights.safetensors")
        print(f"drawn in {time.monotonic() - began:.0f} s", flush=True)
    lines = work / "stages.jsonl"
    lines.unlink(missing_ok=True)
    log = work / "log.txt"
    began = time.monotonic()
    with log.open("w") as output:
        status = subprocess.run(
            [sys.executable, "-m", "benchmarks.large", *sys.argv[1:], "--work", str(work), "--lines", str(lines)],
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    print(f"{options.rows:,} training images of {options.classes:,} classes, {options.rows // 10:,} test images;")
    print(f"{cpu_model()}, {len(os.sched_getaffinity(0))} cores, {memory_gb():.0f} GB, load {os.getloadavg()[0]:.1f}")
    print_table(lines, time.monotonic() - began)
    if status:
        print(log.read_text()[-3000:])
    files = {file: file.stat().st_size for file in (work / "run").rglob("*") if file.is_file()}
    for file in sorted(files, key=lambda one: -files[one])[:8]:
        print(f"{files[file] / 1e6:10.1f} MB  {file.relative_to(work)}")
    if not options.keep and options.work is None:
        shutil.rmtree(work)
    raise SystemExit(status)


def print_table(lines: Path, total: float) -> None:
    """Print the figures of all stages that have ended."""
    print("\n| stage | seconds | processor, s | memory, GB | of it no mapped files, GB |")
    print("| --- | --- | --- | --- | --- |")
    stages = [json.loads(line) for line in lines.read_text().splitlines()] if lines.is_file() else []
    times, sizes = ("seconds", "processor"), ("VmRSS", "RssAnon")
    together = {name: sum(one[name] for one in stages) for name in times}
    together |= {name: max((one[name] for one in stages), default=0) for name in sizes}
    for one in [*stages, {"stage": "all", **together}]:
        cells = [*(f"{one[name]:.1f}" for name in times), *(f"{one[name] / 1e9:.2f}" for name in sizes)]
        print(f"| {one['stage']} | {' | '.join(cells)} |")
    print(f"| complete command | {total:.1f} | | | |\n", flush=True)


if __name__ == "__main__":
    main()
