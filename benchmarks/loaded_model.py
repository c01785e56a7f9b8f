"""Time for one image by the command and by a model in memory, and the memory of many predictions.

    python benchmarks/loaded_model.py RUN_OR_BUNDLE IMAGES [--images 200] [--processes 3]

IMAGES is a folder. Each figure is a median; the command is a new process each time. The labels of both are compared.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pandas as pd
import psutil

import sketchfit


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def by_command(place: Path, image: Path) -> str:
    """The label by `sketchfit predict` in a new process."""
    command = [sys.executable, "-m", "sketchfit", "predict", str(place), str(image)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return str(pd.read_csv(io.StringIO(done.stdout), dtype=str)["label"][0])


def megabytes() -> float:
    return float(psutil.Process().memory_info().rss / 1e6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("place", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--processes", type=int, default=3)
    given = parser.parse_args()
    images = sorted(given.folder.iterdir())[: given.images]
    labels: list[str] = []
    command = [seconds(lambda: labels.append(by_command(given.place, images[0]))) for _ in range(given.processes)]
    loading = seconds(lambda: sketchfit.load(given.place))
    again = seconds(lambda: sketchfit.load(given.place))
    model = sketchfit.load(given.place)
    first = seconds(lambda: model.predict(images[0]))
    one = [seconds(lambda image=image: model.predict(image)) for image in images]  # type: ignore[misc]
    together = seconds(lambda: model.predict(images))
    before = megabytes()
    for _ in range(5):
        model.predict(images)
    print(model)
    print(f"one image by the command, a new process: {median(command):.2f} s ({len(command)} processes)")
    print(f"load: {loading:.2f} s with imports, {again:.2f} s again; first image {1000 * first:.0f} ms")
    print(f"one image in memory: {1000 * median(one):.1f} ms ({len(one)} images)")
    print(f"{len(images)} images in one call: {len(images) / together:.0f} images/s")
    print(f"memory {before:.0f} MB, after {5 * len(images)} further predictions {megabytes():.0f} MB")
    print(f"label of the command: {labels[0]}, in memory: {model.predict(images[0])[0].label}")


if __name__ == "__main__":
    main()
