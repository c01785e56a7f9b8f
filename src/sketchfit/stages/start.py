"""The start of a run: tables, device, settings that depend on the machine, folder, callbacks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.data.table import run_state
from sketchfit.inference.tta import parse_views
from sketchfit.models.choose_backend import check_backend
from sketchfit.runs.create import open_run
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.autotune import recorded_members, resolve_settings
from sketchfit.stages.callbacks import start_callbacks
from sketchfit.stages.context import RunContext
from sketchfit.stages.tables import load_table, print_table
from sketchfit.tracking.clock import Clock
from sketchfit.tracking.dispatcher import Dispatcher
from sketchfit.training.engine import make_engine


@dataclass(frozen=True)
class RunRequest:
    """What the user asks for.

    Attributes:
        data: folder with the tables and images, or a table.
        recipe: checked.
        folder: of the run.
        strict: stop at an image that can't be read.
        fresh: delete what the folder holds of an earlier run.
        kind: of the folder; a `fit` has no folds.
    """

    data: Path
    recipe: Recipe
    folder: Path
    strict: bool = False
    fresh: bool = False
    kind: Literal["run", "fit"] = "run"


def start_run(request: RunRequest, dispatcher: Dispatcher) -> RunContext:
    """Read the tables, open the run's folder, and start the callbacks.

    Raises:
        UserError: a mistake in the tables, the folder or the recipe, or a device or backend that is not there.
    """
    recipe, clock = request.recipe, Clock()
    with clock.measure("tables"):
        table = load_table(request.data, recipe, with_folds=request.kind == "run")
    engine = make_engine(recipe.compute)
    console = engine.console(recipe.tracking)
    with engine.main_first() as is_main:  # the other processes read what the main process recorded
        fresh = request.fresh and is_main
        recorded = {} if fresh else recorded_members(RunFolder(request.folder), untrained=not is_main)
        recipe = resolve_settings(recipe, table.class_count, recorded, engine)
        run = open_run(request.folder, recipe, run_state(table, request.kind, request.data), fresh)
    print_table(table)
    context = RunContext(run, recipe, table, engine, console, dispatcher, clock, request.strict)
    start_callbacks(context)
    for member in member_recipes(recipe).values():
        parse_views(member.inference.views)  # mistakes are reported before hours of training
        check_backend(member.inference.backend, engine.device)
    return context
