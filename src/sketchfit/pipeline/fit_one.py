"""One network on all rows: nothing is held out, so no figure is claimed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sketchfit.config.load import load_recipe, member_recipes
from sketchfit.errors import UserError
from sketchfit.models.backends.choose import check_backend
from sketchfit.pipeline.folder import open_run
from sketchfit.pipeline.members import fit_fold
from sketchfit.pipeline.prepare import Fold, load_table
from sketchfit.pipeline.run import name_unreadable, open_inputs
from sketchfit.pipeline.settle import settle
from sketchfit.pipeline.summary import say_table
from sketchfit.pipeline.tracked import tell_start
from sketchfit.tracking.console import Screen
from sketchfit.tracking.relay import Relay
from sketchfit.tracking.watch import observed
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
    with observed() as relay:
        return _fit(Path(data), recipe, overrides, Path(out), strict, fresh, relay)


def _fit(
    data: Path,
    recipe: str | Path | Mapping[str, Any],
    overrides: Sequence[str] | Mapping[str, Any],
    out: Path,
    strict: bool,
    fresh: bool,
    relay: Relay,
) -> Path:
    """All stages, told to those who listen at `relay`."""
    settings = load_recipe(recipe, overrides)
    members = member_recipes(settings)
    if len(members) > 1:
        raise UserError(
            f"fit trains one member, and the recipe has {', '.join(members)}", "Use run, or leave `members` out."
        )
    table = load_table(data, settings, with_folds=False)
    engine = make_engine(settings.compute)
    screen = Screen(settings.tracking.progress if engine.is_main_process else "none")
    with engine.main_process_first():
        settings = settle(settings, table.class_count, out, fresh and engine.is_main_process, engine, screen)
        members = member_recipes(settings)
        run_folder = open_run(out, settings, table, fresh and engine.is_main_process, data)
    check_backend(settings.inference.backend, engine.device)
    say_table(table, screen)
    told = tell_start(relay, settings, table, run_folder, screen, engine.is_main_process)
    ((member, member_recipe),) = members.items()
    inputs = open_inputs(table, members, screen)[member]
    name_unreadable(table, inputs, strict, screen)
    rows = np.flatnonzero(inputs.train.readable)
    fit_fold(run_folder, member, member_recipe, inputs, Fold(0, rows, rows[:0]), engine, screen, relay)
    folder = run_folder.fold(member, 0)
    line = f"trained on all {len(rows):,} rows, nothing held out: {folder / 'model.safetensors'}"
    screen.line(line)
    told.trained(line)
    return folder
