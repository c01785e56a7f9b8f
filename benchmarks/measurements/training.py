"""A training's epoch, end to end, compared with the limit of a ready batch and with timm's loop."""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.case import Case
from benchmarks.clock import Waiting
from benchmarks.measure import Candidate, Column, Measurement

AGAIN = "sketchfit, the second training of its process"
"""On a GPU, where the first training of a process includes the start of the device."""


def measurements(case: Case) -> list[Measurement]:
    mine, ready, timm = f"{__name__}:sketchfit", f"{__name__}:ready", "benchmarks.peers.timm_loop:rate"
    return [
        Measurement(
            "Training, end to end",
            f"An epoch of {case.trained:,} images, {case.backbone} at {case.size} px, batch {case.batch}, AdamW, "
            f"{case.threads} threads. *Ready tensor*: the same network, optimizer and step fed with one batch that "
            "is in memory, the limit of any input pipeline. Waiting: share of the epoch in the `next()` of the "
            "batches. The store is built beforehand.",
            "images/s",
            (
                Candidate("sketchfit", mine, {"ema": False}),
                Candidate("ready tensor", ready, {"ema": False}),
                Candidate("timm, its defaults", timm, {"channels_last": False}),
                Candidate("timm, channels_last", timm, {"channels_last": True}),
                Candidate(
                    "timm, channels_last, freed memory kept as sketchfit does",
                    timm,
                    {"channels_last": True, "keep_memory": True},
                ),
                Candidate("fastai, channels_last", "benchmarks.peers.fastai_loop:rate"),
                Candidate("sketchfit without augmentation", mine, {"ema": False, "policy": "none"}),
                Candidate("sketchfit, strong augmentation", mine, {"ema": False, "policy": "medium"}),
                Candidate("sketchfit with EMA and policy sketch (the recipe)", mine, {"ema": True, "policy": "sketch"}),
                Candidate("ready tensor with EMA", ready, {"ema": True}),
                *([Candidate(AGAIN, mine, {"ema": False, "earlier": 1})] if case.device == "cuda" else []),
            ),
            subject="sketchfit",
            columns=(Column("waiting", "waiting for data, %"),),
        )
    ]


def sketchfit(case: Case, ema: bool, policy: str = "light", earlier: int = 0) -> dict[str, float]:
    """By the loop's own clock, which is also what users see; after so many `earlier` trainings in the same process."""
    for _ in range(earlier):
        sketchfit(case, ema, policy)
    from sketchfit.tracking.console import Console
    from sketchfit.training.engine import make_engine
    from sketchfit.training.fit import fit
    from sketchfit.training.loader import DataLoader

    waiting, updates = Waiting(), DataLoader.updates

    def timed(loader: DataLoader, *arguments: Any) -> Iterator[Any]:
        return waiting.over(updates(loader, *arguments))

    with tempfile.TemporaryDirectory(dir=case.scratch) as folder, patch.object(DataLoader, "updates", timed):
        job = job_of(case, ema, Path(folder), policy)
        fit(job, make_engine(job.recipe.compute), Console("none"))
        with (Path(folder) / "history.csv").open() as file:
            row = next(csv.DictReader(file))
    return {"value": float(row["images_per_second"]), "waiting": 100 * waiting.seconds / float(row["seconds"])}


def ready(case: Case, ema: bool) -> dict[str, float]:
    """The same state and step, the same batch again and again."""
    from benchmarks.peers.timm_loop import synchronize
    from sketchfit.training.engine import make_engine
    from sketchfit.training.loader import DataLoader
    from sketchfit.training.plan import make_plan
    from sketchfit.training.state import start, wrap
    from sketchfit.training.step import update

    with tempfile.TemporaryDirectory(dir=case.scratch) as folder:
        job = job_of(case, ema, Path(folder))
        engine = make_engine(job.recipe.compute)
        epoch = make_plan(job.recipe, len(job.train_rows)).epochs[0]
        state = start(job, engine, None)
        wrap(state, engine, job.recipe)
        batches = DataLoader(job, state.normalisation, engine).updates(epoch)
        micros = next(batches)
        batches.close()
        state.model.train()
        began = time.perf_counter()
        for number in range(epoch.updates):
            update(state, micros, job.recipe, engine, number)
        synchronize(case)
        took = time.perf_counter() - began
    return {"value": epoch.updates * epoch.batch_size / took}


def job_of(case: Case, ema: bool, folder: Path, policy: str = "light", more: dict[str, Any] | None = None) -> Any:
    """The training of a case; `more` are further settings."""
    from sketchfit.config.overrides import merge
    from sketchfit.data.store import open_store
    from sketchfit.data.stores import store_settings
    from sketchfit.training.job import FitJob

    own = {"averaging": {"ema": ema}, "transforms": {"policy": policy}}
    recipe = case.recipe(merge(own, more or {}))
    table = case.table()
    store = open_store(table.root, table.train.paths, store_settings(recipe), Path(case.scratch) / "stores")
    rows = case.rows(table, case.trained)
    return FitJob("bench", recipe, store, table.label, table.class_count, rows, rows[:0], folder, "bench", recipe.seed)
