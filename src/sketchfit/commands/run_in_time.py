"""`sketchfit run --time`: the best answer within the user's time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sketchfit.candidates.candidate import OF_OTHERS
from sketchfit.commands.request import DataRequest
from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.config.recipe import Recipe
from sketchfit.config.training import MOST_AT_ONCE
from sketchfit.data.picture_processes import picture_processes_ended
from sketchfit.errors import RecipeError
from sketchfit.planning.goal import Goal
from sketchfit.processors import cores
from sketchfit.runs.create import locked_run
from sketchfit.runs.folder import changes_suffix, place_of
from sketchfit.runs.large_arrays import large_arrays_in
from sketchfit.runs.launchers import check_alone
from sketchfit.stages.planned.prepare import check_goal
from sketchfit.stages.planned.run import run_planned
from sketchfit.stages.planned.start import BASE, start_planned
from sketchfit.stages.products import RunResult
from sketchfit.stages.start import RunRequest
from sketchfit.tracking.log_file import log_file
from sketchfit.tracking.supervise import supervised


def run_in_time(request: DataRequest, goal: Goal, *, strict: bool = False, fresh: bool = False) -> RunResult:
    """Give the best answer within a time: members, sizes, epochs and folds are planned for it.

    The same request again continues where it stopped, with the time that was left; with another time it plans again
    from what is there.

    Args:
        request: data and recipe, of which everything but the members is used.
        goal: the time, and the backbones that may be used.
        strict, fresh: as for `sketchfit.run`.

    Raises:
        UserError: a mistake in the recipe, the tables, the candidates or the folder.
    """
    check_alone(os.environ, "a run with a deadline")
    settings, folder = planned_settings(request, candidates=bool(goal.candidates)), planned_folder(request)
    locked = locked_run(folder, "run", fresh=fresh)
    with locked, supervised() as dispatcher, log_file() as lines, picture_processes_ended():
        wanted = RunRequest(request.data, settings, folder, strict, fresh)
        started = start_planned(wanted, goal, dispatcher, check=check_goal)
        started.context.engine.on_main(lambda: lines.begin(started.context.run.log))
        with large_arrays_in(started.context.run.path):
            return run_planned(started, goal)


def planned_folder(request: DataRequest) -> Path:
    """Return the folder of a run with a deadline: where the user names none, with a digest of the changes."""
    return request.out or place_of(request.data, f"in-time{changes_suffix(request.recipe, request.changes)}")


def planned_settings(request: DataRequest, candidates: bool = False) -> Recipe:
    """Return the recipe of a run with a deadline, without members, with its changes.

    Args:
        request: its recipe and changes.
        candidates: whether the backbones are others than the recipe's own.

    Raises:
        UserError: a mistake in them, or a setting that a run with a deadline does not have.
    """
    recipe = with_local_workers(load_recipe(planned_recipe(request.recipe), request.changes))
    if recipe.folds.score is not None:
        raise RecipeError("a run with a deadline scores all its folds, and the recipe has folds.score", "Leave it out.")
    return for_candidates(recipe) if candidates else recipe


def with_local_workers(recipe: Recipe) -> Recipe:
    """Return a recipe whose workers are the processes of a run with a deadline, which are started without Ray.

    Raises:
        RecipeError: the workers are those of a cluster.
    """
    at_once = recipe.compute.networks_at_once
    match recipe.compute.workers:
        case 1:
            return recipe
        case "auto":
            pass
        case int(number):
            at_once = min(number, cores(), MOST_AT_ONCE)
        case cluster:
            raise RecipeError(
                f"a run with a deadline uses one machine, and compute.workers (--workers) is {cluster}",
                "Give --workers auto or a number, or leave --time out.",
            )
    changes = {"workers": 1, "networks_at_once": at_once}
    return recipe.model_copy(update={"compute": recipe.compute.model_copy(update=changes)})


def planned_recipe(recipe: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a recipe for a run with a deadline, without members."""
    settings = load_recipe(recipe).model_dump(mode="json", exclude={"members"})
    method = settings["ensemble"]["method"]
    named = {} if method == "best" else {"ensemble": {"method": method}}
    return merge(merge(settings, BASE), named)


def for_candidates(recipe: Recipe) -> Recipe:
    """Return a recipe without what belongs to its own backbone: weights, arguments, normalisation."""
    settings = recipe.model_dump(mode="json")
    return load_recipe(settings | {"model": settings["model"] | OF_OTHERS})
