"""`sketchfit check`: everything that a run checks before the first image is decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sketchfit.config.load import load_recipe
from sketchfit.processors import recent_load
from sketchfit.runs.folder import default_name
from sketchfit.stages.check import CheckReport, PlannedRun, check_run
from sketchfit.stages.tables import load_table, print_table
from sketchfit.stages.threads import fit_threads
from sketchfit.training.engine import make_engine


def check(
    data: str | Path,
    recipe: str | Path | Mapping[str, Any] = "cpu",
    overrides: Sequence[str] | Mapping[str, Any] = (),
    out: str | Path | None = None,
) -> CheckReport:
    """Check a run without starting it: recipe, tables, folds, a trial step of each network, memory and disk.

    Args:
        data, recipe, overrides, out: as for `run`; networks that are finished in `out` are not tried.

    Raises:
        UserError: everything that is wrong.
    """
    settings = load_recipe(recipe, overrides)
    folder = Path(out) if out is not None else default_name(recipe, Path(data), overrides)
    table = load_table(Path(data), settings)
    engine = make_engine(settings.compute)
    engine.console(settings.tracking)
    fit_threads(recent_load(), engine.device)
    print_table(table)
    report = check_run(PlannedRun(settings, folder), table, engine)
    report.log()
    return report
