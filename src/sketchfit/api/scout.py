"""`sketchfit.scout`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sketchfit.api.call import public_call
from sketchfit.commands.request import Changes, DataRequest, RecipeSource

if TYPE_CHECKING:
    from sketchfit.runs.artefacts.scout import ScoutRecord


@dataclass(frozen=True)
class ScoutResult:
    """What a scout found and wrote.

    Attributes:
        page: the page.
        recipe: YAML file of the recipe with the chosen backbone and size, which `run` takes.
        record: all options with their figures, and the reason for the choice.
    """

    page: Path
    recipe: Path
    record: ScoutRecord

    @property
    def chosen(self) -> str:
        """Name of the chosen option: backbone and size."""
        return self.record.chosen


def scout(
    data: str | Path,
    recipe: RecipeSource = "auto",
    overrides: Changes = (),
    out: str | Path | None = None,
    *,
    time: str | float | timedelta = "5m",
    candidates: Sequence[str | Path] = (),
    sizes: Sequence[int] = (),
    train_time: str | float | timedelta | None = None,
    allow_noncommercial: bool = False,
    quiet: bool = False,
    **settings: Any,
) -> ScoutResult:
    """Find the backbone and input size that suit a data set on this machine, and write a recipe.

    The same call again continues with what is on disk.

    Args:
        data: folder with the tables and images, or a table.
        recipe: as for `run`; its backbone, weights and input size are replaced.
        overrides: nested settings, or `key=value` texts, that change the recipe.
        out: folder of the results; None: `runs/DATA-scout`.
        time: for all of it: text such as `90s`, `5m` or `1h30m`, seconds, or a `timedelta`.
        candidates: timm names, files of weights and folders of them; empty: the shipped table.
        sizes: of the input in pixels, 16 to 2048; empty: some of each candidate's own.
        train_time: longest training of a run with the result, such as `2h`; None: any.
        allow_noncommercial: also weights whose licence forbids commercial use.
        quiet: print only warnings; the result has what would be printed.
        **settings: settings by name, such as `k=3`; see `run`.

    Returns:
        The paths of the page and of the recipe, all options with their figures.

    Raises:
        RecipeError: mistakes in the recipe or its changes.
        DataError: mistakes in the tables.
        MissingPackageError: a package is not installed.
        UserError: no such candidate, no option that can be measured, or another mistake.

    Examples:
        >>> import sketchfit
        >>> found = sketchfit.scout("data", "demo", time="1m", candidates=["weights"], sizes=[32])
        >>> found.chosen
        'test_resnet at 32 px'
        >>> sketchfit.load_recipe(found.recipe).model.input_size
        32
    """
    with public_call(quiet, writes="scout"):
        from sketchfit.planning.goal import seconds_of

        request = DataRequest.of(data, recipe, overrides, out, settings)
        seconds = seconds_of(time), None if train_time is None else seconds_of(train_time)
        from sketchfit.commands.scout import ScoutOptions, find_backbone, scout_folder
        from sketchfit.reporting.scout_page import PAGE
        from sketchfit.runs.folder import RunFolder

        options = ScoutOptions([str(one) for one in candidates], sizes, *seconds, allow_noncommercial)
        record, folder = find_backbone(request, options), scout_folder(request)
        return ScoutResult(folder / PAGE, RunFolder(folder).recipe, record)
