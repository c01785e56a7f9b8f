"""`sketchfit augment`: a picture of augmented training images, one band per stage of the curriculum."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.commands.request import DataRequest
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.data.stores import load_store
from sketchfit.errors import UserError
from sketchfit.files import output
from sketchfit.stages.tables import load_table
from sketchfit.tracking.console import Console
from sketchfit.transforms.grid import policy_grid
from sketchfit.verbosity import as_results
from sketchfit.wording import counted

log = logging.getLogger(__name__)

BAND = 8
"""Height in pixels of the bar between two stages."""


@dataclass(frozen=True)
class AugmentSheet:
    """What the picture shows.

    Attributes:
        rows: images, of classes spread over all.
        samples: augmented versions of each.
        epoch: from 1; None: the first epoch of each stage of the curriculum, one below the other.
    """

    rows: int = 6
    samples: int = 7
    epoch: int | None = None


def show_augment(request: DataRequest, show: AugmentSheet | None = None) -> NDArray[np.uint8]:
    """Write a PNG with one row per image: the entire image, then augmented versions.

    Args:
        request: data and recipe, of which the first member is shown; `out` is the PNG, by default `augment.png`.
        show: number of images and versions, and the epoch.

    Returns:
        uint8 [H, W, 3], RGB.

    Raises:
        UserError: a mistake in the recipe or the tables, or an epoch that the recipe does not have.
    """
    show, out = show or AugmentSheet(), request.out or Path("augment.png")
    settings = next(iter(member_recipes(request.resolved().checked_recipe()).values()))
    epochs = _epochs(settings, show.epoch)
    console = Console(settings.tracking.progress)
    table = load_table(request.data, settings, with_folds=False)
    store = load_store(table, table.train, "training", settings, console)
    rows = spread_rows(table.label, store.readable, show.rows)
    images, papers = [store.images[row] for row in rows], [store.paper[row] for row in rows]
    grids = [policy_grid(images, papers, settings, epoch, show.samples) for epoch in epochs]
    band = np.full((BAND, grids[0].shape[1], 3), 40, np.uint8)
    picture: NDArray[np.uint8] = np.vstack([part for grid in grids for part in (band, grid)][1:])
    _write_png(out, picture)
    stages = f"; stages from epoch {', '.join(str(epoch + 1) for epoch in epochs)}" if len(epochs) > 1 else ""
    with as_results():
        times = counted(show.samples, "time")
        log.info(f"{out}: {counted(len(rows), 'image')}, each unchanged and {times} augmented{stages}")
    return picture


def spread_rows(label: NDArray[np.int64], readable: NDArray[np.bool_], count: int) -> NDArray[np.int64]:
    """Return up to `count` readable rows, int64, of classes spread evenly over all; the first of each class."""
    rows = np.flatnonzero(readable)
    _, first = np.unique(label[rows], return_index=True)
    places = np.unique(np.linspace(0, len(first) - 1, count).round().astype(int))
    chosen: NDArray[np.int64] = rows[first[places]]
    if len(chosen) < min(count, len(rows)):
        others = np.setdiff1d(rows, chosen)
        chosen = np.concatenate([chosen, others[: count - len(chosen)]])
    return chosen


def stage_starts(recipe: Recipe) -> list[int]:
    """Return the first epoch (from 0) of each stage of the curriculum; the first of all without one."""
    stages = [recipe.transforms.stage(epoch, recipe.training.epochs) for epoch in range(recipe.training.epochs)]
    return [stages.index(stage) for stage in dict.fromkeys(stages)]


def _epochs(recipe: Recipe, epoch: int | None) -> list[int]:
    """Return the epochs to show, from 0; `epoch` counts from 1."""
    if epoch is None:
        return stage_starts(recipe)
    if not 1 <= epoch <= recipe.training.epochs:
        raise UserError(f"there is no epoch {epoch}: the recipe has 1 to {recipe.training.epochs}")
    return [epoch - 1]


def _write_png(path: Path, image: NDArray[np.uint8]) -> None:
    _, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    with output(path) as temporary:
        temporary.write_bytes(data.tobytes())
