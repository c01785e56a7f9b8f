"""`sketchfit.plan`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sketchfit.api.call import goal_for, public_call
from sketchfit.commands.request import Changes, DataRequest, RecipeSource

if TYPE_CHECKING:
    from sketchfit.planning.goal import Deadline
    from sketchfit.stages.planned.preview import Preview


def plan(
    data: str | Path,
    time: str | float | timedelta | Deadline,
    recipe: RecipeSource = "auto",
    overrides: Changes = (),
    out: str | Path | None = None,
    *,
    quiet: bool = False,
    **settings: Any,
) -> Preview:
    """Print what `run` with this time would do, and the accuracy to expect. Nothing is trained, no run is written.

    Args:
        data: folder with the tables and images, or a table.
        time: as for `run`.
        recipe: as for `run`.
        overrides: nested settings, or `key=value` texts, that change the recipe.
        out: the run's folder, of whose first answer the accuracy is taken where there is one.
        quiet: print only warnings; the result has what would be printed.
        **settings: settings by name, such as `size=64`; see `run`.

    Returns:
        The plan: its `units`, the second at which each `begins`, the accuracy `expected` at its end, what is left out.

    Raises:
        RecipeError: mistakes in the recipe or its changes.
        DataError: mistakes in the tables.
        MissingPackageError: a package is not installed.
        UserError: a time of another form, no such candidate, or another mistake.

    Examples:
        >>> import sketchfit
        >>> ahead = sketchfit.plan("data", "3m", "demo")
        >>> ahead.seconds, ahead.units[0].kind, len(ahead.units) > 1
        (180.0, 'bank', True)
    """
    with public_call(quiet):
        request, goal = DataRequest.of(data, recipe, overrides, out, settings), goal_for(time)
        from sketchfit.commands.plan import plan as print_plan

        return print_plan(request, goal)
