"""A training on noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sketchfit.config.recipe import Recipe
from sketchfit.data.store import Store
from sketchfit.data.stores import store_settings
from sketchfit.training.job import FitJob, TeacherTargets

FEW = 2
"""Images per batch of a trial: batch norm needs two."""


def trial_job(recipe: Recipe, classes: int) -> FitJob:
    """Return a training on noise with as many rows as a batch has images."""
    settings, rows = store_settings(recipe), max(FEW, recipe.training.batch)
    shape = (settings.size, settings.size, 1 if settings.channels == 1 else 3)
    noise = np.random.Generator(np.random.Philox(0)).integers(0, 256, (FEW, *shape), dtype=np.uint8)
    images = noise[np.arange(rows) % FEW] if rows == FEW else np.broadcast_to(noise[0], (rows, *shape))
    paper = np.full((rows, shape[2]), 255, np.uint8)
    every = np.arange(rows)
    teacher = TeacherTargets(every, np.full((rows, classes), 1 / classes, np.float32)) if recipe.loss.distill else None
    return FitJob(
        name="trial",
        recipe=recipe.model_copy(update={"training": recipe.training.model_copy(update={"accumulation": 1})}),
        store=Store(images, paper, ("",) * rows, ("",) * rows, Path(), built=False),
        label=(every % classes).astype(np.int64),
        class_count=classes,
        train_rows=every,
        valid_rows=every[:0],
        folder=Path(),
        fingerprint="",
        seed=recipe.seed,
        teacher=teacher,
    )
