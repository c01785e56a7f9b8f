"""`sketchfit.fit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sketchfit.api.call import public_call
from sketchfit.commands.request import Changes, DataRequest, RecipeSource

if TYPE_CHECKING:
    from sketchfit.runs.run import Run


def fit(
    data: str | Path,
    recipe: RecipeSource = "auto",
    overrides: Changes = (),
    out: str | Path = "runs/fit",
    *,
    strict: bool = False,
    fresh: bool = False,
    quiet: bool = False,
    **settings: Any,
) -> Run:
    """Train one network on all rows. Nothing is held out, so no accuracy is claimed for it.

    Args:
        data: folder with the tables and images, or a table.
        recipe: as for `run`; it has one member.
        overrides: nested settings, or `key=value` texts, that change the recipe.
        out: the run's folder. The same call again continues where it stopped.
        strict: stop at an image that is missing or cannot be read.
        fresh: delete what the folder holds of an earlier training.
        quiet: print only warnings; the result has what would be printed.
        **settings: settings by name, such as `epochs=3`; see `run`.

    Returns:
        The run, open, which `load`, `predict` and `export` take.

    Raises:
        RecipeError: mistakes in the recipe or its changes.
        DataError: mistakes in the tables or images.
        RunError: the folder holds another run, or another process writes into it.
        MissingPackageError: a package is not installed.
        UserError: a recipe of several members, or another mistake.

    Examples:
        >>> import sketchfit
        >>> trained = sketchfit.fit("data", "demo", out="runs/all-rows", epochs=1)
        >>> trained.kind
        'fit'
        >>> len(sketchfit.load(trained).predict("drawing.png"))
        1
    """
    with public_call(quiet):
        request = DataRequest.of(data, recipe, overrides, out, settings)
        from sketchfit.commands.fit import fit as fit_network
        from sketchfit.runs.run import Run

        return Run.open(fit_network(request, strict=strict, fresh=fresh))
