"""Images a second in training: sketchfit beside timm's loader and a plain loop; same model, size, batch and images.

    python benchmarks/train_loop.py DATA --weights mobilenetv2_100.safetensors [--images 1920] [--repeats 3]

DATA holds `train.csv` and `train/<class>/`. The three are run in turn, several times; medians and ratios of medians are
printed. timm's loader is set up as its train.py does (worker processes, prefetching, random resized crop, flip, colour
jitter); sketchfit runs its `cpu` recipe's augmentation from the store, with and without its moving average of weights.
The store is built beforehand; its time is printed on its own line.
"""

from __future__ import annotations

import argparse
import csv
import platform
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import nn

from sketchfit.config.load import load_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.data.readers import read_table
from sketchfit.data.store import Store, open_store
from sketchfit.data.table import Table
from sketchfit.models._timm import timm
from sketchfit.models.backbone import build_network
from sketchfit.pipeline.prepare import store_settings
from sketchfit.tracking.console import Screen
from sketchfit.training.engine import make_engine
from sketchfit.training.fit import fit
from sketchfit.training.job import FitJob


def sketchfit_rate(table: Table, store: Store, recipe: Recipe, rows: np.ndarray) -> float:
    """Images a second of one epoch."""
    with tempfile.TemporaryDirectory() as folder:
        job = FitJob(
            "bench", recipe, store, table.label, table.class_count, rows, rows[:0], Path(folder), "bench", recipe.seed
        )
        fit(job, make_engine(recipe.compute), Screen("none"))
        with (Path(folder) / "history.csv").open() as file:
            return float(next(csv.DictReader(file))["images_per_second"])


class Rows(torch.utils.data.Dataset):
    """Training rows as timm's own data sets give them: a PIL image and a label."""

    def __init__(self, table: Table, rows: np.ndarray) -> None:
        self.paths = [table.root / table.train.paths[row] for row in rows]
        self.labels = [int(table.label[row]) for row in rows]
        self.transform: Callable | None = None

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple:
        from PIL import Image

        with Image.open(self.paths[index]) as image:
            picture = image.convert("RGB")
        return self.transform(picture), self.labels[index]


def timm_rate(table: Table, recipe: Recipe, rows: np.ndarray, channels_last: bool) -> float:
    """Images a second of a plain loop over timm's loader, worker start included as in any epoch of it."""
    size, batch = recipe.model.input_size, recipe.training.batch_size
    loader = timm.data.create_loader(
        Rows(table, rows),
        input_size=(3, size, size),
        batch_size=batch,
        is_training=True,
        scale=(0.5, 1.0),
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        num_workers=2,
        device=torch.device("cpu"),
    )
    model = build_network(recipe.model, table.class_count).model.train()
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
    optimizer = timm.optim.create_optimizer_v2(model, opt="adamw", lr=1e-3, weight_decay=0.05)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    began, seen = time.monotonic(), 0
    for images, label in loader:
        if channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        optimizer.zero_grad()
        criterion(model(images), label).backward()
        optimizer.step()
        seen += len(label)
    return seen / (time.monotonic() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--images", type=int, default=1920)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    base = {"model": {"weights": str(arguments.weights)}, "training": {"epochs": 1, "validate_every": 0}}
    with_ema = load_recipe("cpu", base)
    without_ema = load_recipe("cpu", {**base, "averaging": {"ema": False}})
    table = read_table(arguments.data)
    began = time.monotonic()
    store = open_store(table.root, table.train.paths, store_settings(with_ema), Path(tempfile.mkdtemp()))
    print(f"store of {len(table.train):,} images: {time.monotonic() - began:.1f} s, {store.images.shape[-1]} channels")
    rows = np.random.default_rng(0).permutation(len(table.train))[: arguments.images]
    candidates: dict[str, Callable[[], float]] = {
        "timm loader, plain loop": lambda: timm_rate(table, with_ema, rows, channels_last=False),
        "timm loader, plain loop, channels_last": lambda: timm_rate(table, with_ema, rows, channels_last=True),
        "sketchfit": lambda: sketchfit_rate(table, store, without_ema, rows),
        "sketchfit with EMA (the recipe)": lambda: sketchfit_rate(table, store, with_ema, rows),
    }
    rates: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(arguments.repeats):
        for name, measure in candidates.items():
            rates[name].append(measure())
    first = median(rates["timm loader, plain loop"])
    print(f"{date.today()}, {platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    print("| loop | images/s, median (min–max) | ratio |\n| --- | --- | --- |")
    for name, values in rates.items():
        print(f"| {name} | {median(values):.1f} ({min(values):.1f}–{max(values):.1f}) | {median(values) / first:.2f} |")


if __name__ == "__main__":
    main()
