"""`sketchfit.check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sketchfit.api.call import public_call
from sketchfit.commands.request import Changes, DataRequest, RecipeSource

if TYPE_CHECKING:
    from sketchfit.stages.check_report import CheckReport


def check(
    data: str | Path,
    recipe: RecipeSource = "auto",
    overrides: Changes = (),
    out: str | Path | None = None,
    *,
    quiet: bool = False,
    **settings: Any,
) -> CheckReport:
    """Check a run without starting it: recipe, tables, folder, folds, a trial of each network, memory and disk.

    Args:
        data: folder with the tables and images, or a table.
        recipe: as for `run`.
        overrides: nested settings, or `key=value` texts, that change the recipe.
        out: the run's folder; networks that are finished in it are not tried.
        quiet: print only warnings; the result has what would be printed.
        **settings: settings by name, such as `epochs=3`; see `run`.

    Returns:
        What the training would need: `seconds`, `memory` and `disk` in bytes, `trials` of the networks, `notes`.

    Raises:
        RecipeError: mistakes in the recipe or its changes.
        DataError: mistakes in the tables.
        MissingPackageError: a package is not installed.
        UserError: everything that is wrong, where that is of several kinds or another one.

    Examples:
        >>> import sketchfit
        >>> report = sketchfit.check("data", "demo", epochs=4)
        >>> report.trials["test_resnet"].parameters > 1000, report.seconds > 0
        (True, True)
    """
    with public_call(quiet):
        request = DataRequest.of(data, recipe, overrides, out, settings)
        from sketchfit.commands.check import check as check_run

        return check_run(request)
