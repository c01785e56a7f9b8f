"""`sketchfit run --time`: the best answer within the user's time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sketchfit.candidates.candidate import OF_OTHERS
from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.config.recipe import Recipe
from sketchfit.planning.goal import Goal
from sketchfit.runs.create import locked_run
from sketchfit.runs.folder import changes_suffix
from sketchfit.stages.planned.prepare import check_goal
from sketchfit.stages.planned.run import run_planned
from sketchfit.stages.planned.start import BASE, start_planned
from sketchfit.stages.products import RunResult
from sketchfit.stages.start import RunRequest
from sketchfit.tracking.log_file import log_file
from sketchfit.tracking.supervise import supervised


def run_in_time(
    data: str | Path,
    goal: Goal,
    recipe: str | Path | Mapping[str, Any] = "cpu",
    overrides: Sequence[str] | Mapping[str, Any] = (),
    out: str | Path | None = None,
    *,
    fresh: bool = False,
) -> RunResult:
    """Give the best answer within a time: members, sizes, epochs and folds are planned for it.

    Args:
        data: folder with the tables and images, or a table.
        goal: the time, and the backbones that may be used.
        recipe: name of a shipped recipe, path of a YAML file, or the settings themselves: everything but the members.
        overrides: `key=value` texts or a nested mapping, merged into the recipe.
        out: the run's folder; see `planned_folder`. The same command again continues where it stopped, with
            the time that was left; with another time it plans again from what is there.
        fresh: delete what the folder holds of an earlier run.

    Raises:
        UserError: a mistake in the recipe, the tables, the candidates or the folder.
    """
    settings = load_recipe(planned_recipe(recipe), overrides)
    if goal.candidates:
        settings = for_candidates(settings)
    folder = Path(out) if out is not None else planned_folder(data, recipe, overrides)
    with locked_run(folder, "run", fresh=fresh), supervised() as dispatcher, log_file() as lines:
        request = RunRequest(Path(data), settings, folder, fresh=fresh)
        started = start_planned(request, goal, dispatcher, check=check_goal)
        started.context.engine.on_main(lambda: lines.begin(started.context.run.log))
        return run_planned(started, goal)


def planned_folder(
    data: str | Path,
    recipe: str | Path | Mapping[str, Any] = "cpu",
    overrides: Sequence[str] | Mapping[str, Any] = (),
) -> Path:
    """Return the folder of a run with a deadline where the user names none; overrides have their digest in it."""
    return Path("runs") / f"{Path(data).resolve().stem}-in-time{changes_suffix(recipe, overrides)}"


def planned_recipe(recipe: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a recipe for a run with a deadline, without members."""
    settings = load_recipe(recipe).model_dump(mode="json", exclude={"members"})
    return merge(settings, BASE)


def for_candidates(recipe: Recipe) -> Recipe:
    """Return a recipe without what belongs to its own backbone: weights, arguments, normalisation."""
    settings = recipe.model_dump(mode="json")
    return load_recipe(settings | {"model": settings["model"] | OF_OTHERS})
