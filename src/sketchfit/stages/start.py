"""The start of a run: tables, device, settings that depend on the machine, folder, callbacks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sketchfit.config.recipe import Recipe
from sketchfit.data.table import run_state
from sketchfit.errors import RunError
from sketchfit.processors import recent_load
from sketchfit.registry import check_families
from sketchfit.runs.artefacts import RunPlan
from sketchfit.runs.create import ELSEWHERE, check_folder, open_run
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.after_training import seconds_after
from sketchfit.stages.autotune import recorded_members, resolve_settings
from sketchfit.stages.callbacks import start_callbacks
from sketchfit.stages.check import check_run
from sketchfit.stages.context import RunContext
from sketchfit.stages.inputs import check_inputs, keep_inputs
from sketchfit.stages.planned_run import PlannedRun
from sketchfit.stages.tables import load_table, print_table
from sketchfit.stages.threads import fit_threads
from sketchfit.tracking.clock import Clock
from sketchfit.tracking.dispatcher import Dispatcher
from sketchfit.training.engine import make_engine


@dataclass(frozen=True)
class RunRequest:
    """A run as the user requests it.

    Attributes:
        data: folder with the tables and images, or a table.
        recipe: checked.
        folder: of the run.
        strict: stop at an image that is missing or can't be read, as with `data.missing=error`.
        fresh: delete what the folder holds of an earlier run.
        kind: of the folder; a `fit` has no folds.
    """

    data: Path
    recipe: Recipe
    folder: Path
    strict: bool = False
    fresh: bool = False
    kind: Literal["run", "fit"] = "run"

    @property
    def settings(self) -> Recipe:
        """The recipe with `strict`."""
        if not self.strict:
            return self.recipe
        data = self.recipe.data.model_copy(update={"missing": "error"})
        return self.recipe.model_copy(update={"data": data})


def open_tables(data: Path, recipe: Recipe, folder: Path, with_folds: bool = True) -> RunContext:
    """Read the tables and set up the device; nothing is written.

    Args:
        data: folder with the tables and images, or a table.
        recipe: of the run.
        folder: of the run.
        with_folds: a class with fewer images than there are folds is an error.

    Raises:
        UserError: a mistake in the tables, a device that is not there, or two members of a family of the same name.
    """
    clock, load = Clock(), recent_load()
    check_families()
    with clock.measure("tables"):
        table = load_table(data, recipe, with_folds)
    engine = make_engine(recipe.compute)
    context = RunContext(RunFolder(folder), recipe, table, engine, engine.console(recipe.tracking), clock=clock)
    fit_threads(load, engine.device)
    return context


def start_run(request: RunRequest, dispatcher: Dispatcher) -> RunContext:
    """Read the tables, open the run's folder, and start the callbacks.

    Raises:
        UserError: a mistake in the tables, the folder or the recipe, or a check that fails (`stages.check`).
    """
    context = open_tables(request.data, request.settings, request.folder, with_folds=request.kind == "run")
    table, engine = context.table, context.engine
    with engine.main_first() as is_main:  # the other processes read what the main process recorded
        fresh, same_rows = request.fresh and is_main, False
        if is_main:
            print_table(table)
            if not fresh:
                check_folder(context.run, request.kind)
                check_deadline(context.run, context.recipe)
                same_rows = check_inputs(context)
            found = check_run(PlannedRun(context.recipe, request.folder, request.kind, fresh), table, engine)
            found.log()
            context.console.outlook.expect(found.trainings, seconds_after(context.recipe, table, request.kind))
        recorded = {} if fresh else recorded_members(context.run, untrained=not is_main)
        recipe = resolve_settings(context.recipe, table.class_count, recorded, engine)
        if is_main:
            open_run(request.folder, recipe, run_state(table, request.kind, request.data), fresh, same_rows)
            keep_inputs(context)
    context = replace(context, recipe=recipe, dispatcher=dispatcher)
    start_callbacks(context)
    return context


def check_deadline(run: RunFolder, recipe: Recipe) -> None:
    """Refuse a folder of a run with a deadline, unless its own recipe is continued.

    Raises:
        UserError: it holds one.
    """
    plan = RunPlan.find(run.path)
    if plan is not None and not set(recipe.members) & set(plan.members):
        raise RunError(f"{run.path} holds a run with a deadline", f"Continue it with --time. {ELSEWHERE}")
