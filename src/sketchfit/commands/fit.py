"""One network on all rows: nothing is held out, so no figure is claimed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sketchfit.commands.run import name_unreadable, open_inputs
from sketchfit.config.load import load_recipe, member_recipes
from sketchfit.data.folds import Fold
from sketchfit.data.table import run_state
from sketchfit.errors import UserError
from sketchfit.models.choose_backend import check_backend
from sketchfit.runs.create import open_run
from sketchfit.stages.autotune import resolve_settings
from sketchfit.stages.summary import print_table
from sketchfit.stages.tables import load_table
from sketchfit.stages.tracking import start_tracking
from sketchfit.stages.train import fit_fold
from sketchfit.tracking.dispatcher import Dispatcher
from sketchfit.tracking.supervise import supervised
from sketchfit.training.engine import make_engine


def fit(
    data: str | Path,
    recipe: str | Path | Mapping[str, Any] = "cpu",
    overrides: Sequence[str] | Mapping[str, Any] = (),
    out: str | Path = "runs/fit",
    *,
    strict: bool = False,
    fresh: bool = False,
) -> Path:
    """Train one member on all rows; arguments as for `run`.

    Returns:
        The folder of the trained network; its run's folder works for `predict`.

    Raises:
        UserError: a mistake in the recipe, the tables or the folder; or a recipe of several members.
    """
    with supervised() as dispatcher:
        return _fit(Path(data), recipe, overrides, Path(out), strict, fresh, dispatcher)


def _fit(
    data: Path,
    recipe: str | Path | Mapping[str, Any],
    overrides: Sequence[str] | Mapping[str, Any],
    out: Path,
    strict: bool,
    fresh: bool,
    dispatcher: Dispatcher,
) -> Path:
    """All stages, told to those who listen at `dispatcher`."""
    settings = load_recipe(recipe, overrides)
    members = member_recipes(settings)
    if len(members) > 1:
        raise UserError(
            f"fit trains one member, and the recipe has {', '.join(members)}", "Use run, or leave `members` out."
        )
    table = load_table(data, settings, with_folds=False)
    engine = make_engine(settings.compute)
    console = engine.console(settings.tracking)
    with engine.main_first():
        settings = resolve_settings(settings, table.class_count, out, fresh and engine.is_main, engine, console)
        members = member_recipes(settings)
        run_folder = open_run(out, settings, run_state(table, "fit", data), fresh and engine.is_main)
    check_backend(settings.inference.backend, engine.device)
    print_table(table, console)
    told = start_tracking(dispatcher, settings, table, run_folder, engine.is_main)
    ((member, member_recipe),) = members.items()
    inputs = open_inputs(table, members, console)[member]
    name_unreadable(table, inputs, strict, console)
    rows = np.flatnonzero(inputs.train.readable)
    fit_fold(run_folder, member, member_recipe, inputs, Fold(0, rows, rows[:0]), engine, console, dispatcher)
    folder = run_folder.fold(member, 0)
    line = f"trained on all {len(rows):,} rows, nothing held out: {folder / 'model.safetensors'}"
    console.line(line)
    told.trained(line)
    return folder
