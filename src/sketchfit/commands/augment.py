"""`sketchfit augment`: a picture of augmented drawings, per stage of the curriculum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.config.load import load_recipe
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.data.store import Store
from sketchfit.data.stores import load_store
from sketchfit.errors import UserError
from sketchfit.files import atomic
from sketchfit.stages.tables import load_table
from sketchfit.tracking.console import Console
from sketchfit.transforms.grid import policy_grid
from sketchfit.wording import listed

BAND = 8
"""Height in pixels of the bar between two stages."""


@dataclass(frozen=True)
class AugmentSheet:
    """What the picture shows.

    Attributes:
        rows: number of drawings, of classes spread over all.
        samples: augmented samples per drawing.
        epoch: from 1; None: the first epoch of each stage of the curriculum, one below the other.
    """

    rows: int = 6
    samples: int = 7
    epoch: int | None = None


def show_augment(
    data: str | Path,
    recipe: str | Path | Mapping[str, Any] = "cpu",
    overrides: Sequence[str] | Mapping[str, Any] = (),
    out: str | Path = "augment.png",
    show: AugmentSheet | None = None,
) -> NDArray[np.uint8]:
    """Write a PNG with one row per drawing: the entire drawing, then augmented samples of it.

    Args:
        data: folder with the tables and images, or a table.
        recipe, overrides: as for `run`; the first member counts.
        out: PNG to write.
        show: number of drawings and samples, and the epoch.

    Returns:
        uint8 [H, W, 3], RGB.

    Raises:
        UserError: a mistake in the recipe or the tables, or an epoch beyond the recipe's.
    """
    settings = next(iter(member_recipes(load_recipe(recipe, overrides)).values()))
    show, epochs = show or AugmentSheet(), settings.training.epochs
    epoch = show.epoch
    if epoch is not None and not 1 <= epoch <= epochs:
        raise UserError(f"there is no epoch {epoch}: the recipe has 1 to {epochs}")
    console = Console(settings.tracking.progress)
    table = load_table(Path(data), settings, with_folds=False)
    store = load_store(table, table.train, "training", settings, console)
    chosen = spread_rows(table.label, store.readable, show.rows)
    starts = [epoch - 1] if epoch is not None else stage_starts(settings)
    grids = [_grid(store, chosen, settings, start, show.samples) for start in starts]
    band = np.full((BAND, grids[0].shape[1], 3), 40, np.uint8)
    sheet: NDArray[np.uint8] = np.vstack([part for grid in grids for part in (band, grid)][1:])
    _write_png(Path(out), sheet)
    stages = f"; stages from epoch {listed(start + 1 for start in starts)}" if len(starts) > 1 else ""
    console.line(f"{out}: {len(chosen)} drawings, each with {show.samples} augmented samples{stages}")
    return sheet


def spread_rows(label: NDArray[np.int64], readable: NDArray[np.bool_], count: int) -> NDArray[np.int64]:
    """Choose up to `count` readable rows, int64, of classes spread evenly over all; the first row of each class."""
    rows = np.flatnonzero(readable)
    _, first = np.unique(label[rows], return_index=True)
    places = np.unique(np.linspace(0, len(first) - 1, count).round().astype(int))
    chosen: NDArray[np.int64] = rows[first[places]]
    if len(chosen) < min(count, len(rows)):
        others = np.setdiff1d(rows, chosen)
        chosen = np.concatenate([chosen, others[: count - len(chosen)]])
    return chosen


def stage_starts(recipe: Recipe) -> list[int]:
    """Return the first epoch (from 0) of each stage of the curriculum; 0 without a curriculum."""
    stages = [recipe.transforms.stage(epoch, recipe.training.epochs) for epoch in range(recipe.training.epochs)]
    return [stages.index(stage) for stage in dict.fromkeys(stages)]


def _grid(store: Store, rows: NDArray[np.int64], recipe: Recipe, epoch: int, samples: int) -> NDArray[np.uint8]:
    epochs = recipe.training.epochs
    return policy_grid(
        [store.images[row] for row in rows],
        [store.paper[row] for row in rows],
        recipe.transforms,
        recipe.model.input_size,
        recipe.seed,
        draws=samples,
        epoch=epoch,
        epochs=epochs,
        mixing=recipe.transforms.mixes_at(epoch, epochs),
    )


def _write_png(path: Path, image: NDArray[np.uint8]) -> None:
    _, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    with atomic(path) as temporary:
        temporary.write_bytes(data.tobytes())
