"""`sketchfit.run`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sketchfit.api.call import goal_for, public_call
from sketchfit.commands.request import Changes, DataRequest, RecipeSource

if TYPE_CHECKING:
    from sketchfit.planning.goal import Deadline
    from sketchfit.stages.products import RunResult


def run(
    data: str | Path,
    recipe: RecipeSource = "auto",
    overrides: Changes = (),
    out: str | Path | None = None,
    *,
    time: str | float | timedelta | Deadline | None = None,
    strict: bool = False,
    fresh: bool = False,
    quiet: bool = False,
    **settings: Any,
) -> RunResult:
    """Train on a data set, and write a submission and a report.

    The same call again continues where it stopped, and returns at once where everything is done.

    Args:
        data: folder with the tables and images, or a table.
        recipe: name of a shipped recipe, path of a YAML file, nested settings, or a `Recipe`; `auto`: the shipped one
            for the device of this machine.
        overrides: nested settings, or `key=value` texts, that change the recipe.
        out: the run's folder; None: `runs/DATA-RECIPE`, with a digest of changed settings.
        time: plan members, sizes, epochs and folds for this time: text such as `90s`, `18m` or `8h30m`, seconds, a
            `timedelta`, or a `Deadline`.
        strict: stop at an image that is missing or cannot be read.
        fresh: delete what the folder holds of an earlier run.
        quiet: print only warnings; the result has what would be printed.
        **settings: settings by name, such as `epochs=3`, `backbone="resnet18"`, `head__name="mlp"`. A name that several
            sections have is an error that names them: `folds__train`.

    Returns:
        Out-of-fold accuracy with its interval, paths of the run's folder, its submission and its report, times.

    Raises:
        RecipeError: mistakes in the recipe or its changes, all together.
        DataError: mistakes in the tables or images, all together.
        RunError: the folder holds another run, or another process writes into it.
        MissingPackageError: a package is not installed; the hint is the command that installs it.
        UserError: any other mistake; it is the base of the errors above.

    Examples:
        >>> import sketchfit
        >>> result = sketchfit.run("data", "demo", out="runs/mine", epochs=1, k=2)
        >>> result.top1.n, result.folder.name, result.submission.name
        (32, 'mine', 'submission.csv')
    """
    with public_call(quiet):
        request = DataRequest.of(data, recipe, overrides, out, settings)
        goal = None if time is None else goal_for(time)
        from sketchfit.commands.run import run as run_stages

        return run_stages(request, goal, strict=strict, fresh=fresh)
