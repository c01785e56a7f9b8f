"""`sketchfit check`: everything that a run checks before the first image is decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sketchfit.config.load import load_recipe
from sketchfit.processors import recent_load
from sketchfit.runs.create import check_folder
from sketchfit.runs.folder import default_name
from sketchfit.stages.check import CheckReport, PlannedRun, check_run
from sketchfit.stages.inputs import check_inputs
from sketchfit.stages.start import open_tables
from sketchfit.stages.tables import print_table
from sketchfit.stages.threads import fit_threads
from sketchfit.verbosity import as_results


def check(
    data: str | Path,
    recipe: str | Path | Mapping[str, Any] = "cpu",
    overrides: Sequence[str] | Mapping[str, Any] = (),
    out: str | Path | None = None,
) -> CheckReport:
    """Check a run without starting it: recipe, tables, folder, folds, a trial of each network, memory and disk.

    Args:
        data, recipe, overrides, out: as for `run`; networks that are finished in `out` are not tried.

    Raises:
        UserError: everything that is wrong.
    """
    settings = load_recipe(recipe, overrides)
    folder = Path(out) if out is not None else default_name(recipe, Path(data), overrides)
    context = open_tables(Path(data), settings, folder)
    fit_threads(recent_load(), context.engine.device)
    print_table(context.table)
    check_folder(context.run, "run")
    check_inputs(context)
    report = check_run(PlannedRun(settings, folder), context.table, context.engine)
    with as_results():
        report.log()
    return report
