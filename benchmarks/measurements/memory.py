"""Memory of a training as the number of images grows."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.case import Case
from benchmarks.measure import Candidate, Column, Measurement

CLASSES = 345


def measurements(case: Case) -> list[Measurement]:
    names = {count: f"{count:,} images" for count in case.counts}
    call = f"{__name__}:train"
    candidates = [
        Candidate(f"{name}{', after the probe' if probe else ''}", call, {"count": count, "probe": probe})
        for probe in (False, True)
        for count, name in names.items()
    ]
    return [
        Measurement(
            "Memory in training",
            f"Largest `RssAnon` of the process over {case.updates} updates: all that it holds but memory-mapped files, "
            "whose pages the kernel can drop at any time. The store's rows are blank, in a file with holes. The probe "
            "looks at 20,000 rows at most.",
            "MB",
            tuple(candidates),
            higher_is_better=False,
            subject=names[min(case.counts)],
            columns=(Column("mapped", "file pages in addition, MB", "{:.0f}"),),
            form="{:.0f}",
        )
    ]


def train(case: Case, count: int, probe: bool) -> dict[str, float]:
    from numpy.lib.format import open_memmap

    from sketchfit.data.store import Store
    from sketchfit.data.stores import store_settings
    from sketchfit.tracking.console import Console
    from sketchfit.training.engine import make_engine
    from sketchfit.training.fit import fit
    from sketchfit.training.job import FitJob
    from sketchfit.training.loader import DataLoader

    recipe = case.recipe({"training": {"probe": probe}})
    side = store_settings(recipe).size
    seen: list[dict[str, float]] = []
    updates = DataLoader.updates

    def first_updates(loader: DataLoader, *arguments: Any) -> Generator[Any, None, None]:
        groups = updates(loader, *arguments)
        for _, micros in zip(range(case.updates), groups, strict=False):
            yield micros
            seen.append(resident())
        groups.close()

    with tempfile.TemporaryDirectory(dir=case.scratch) as folder, patch.object(DataLoader, "updates", first_updates):
        path = Path(folder) / "images.npy"
        images = open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, side, side, 1))
        del images
        paper, texts = np.full((count, 1), 255, np.uint8), ("",) * count
        store = Store(np.load(path, mmap_mode="r"), paper, texts, texts, Path(folder), False)
        rows = np.arange(count)
        job = FitJob("bench", recipe, store, rows % CLASSES, CLASSES, rows, rows[:0], Path(folder), "bench", 0)
        fit(job, make_engine(recipe.compute), Console("none"))
        del store, job
    return {key: max(one[key] for one in seen) for key in ("value", "mapped")}


def resident() -> dict[str, float]:
    """Resident memory of this process in MB: its own as `value`, and that of mapped files."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "value": float(lines["RssAnon"].split()[0]) / 1e3,
        "mapped": float(lines["RssFile"].split()[0]) / 1e3,
    }
