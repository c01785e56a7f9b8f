"""Continue a finished run with changed settings of what comes after training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sketchfit.commands.request import DataRequest
from sketchfit.commands.run import run
from sketchfit.config.overrides import merge
from sketchfit.runs.run import Run
from sketchfit.stages.products import RunResult


def continue_run(run_folder: str | Path, *changes: Mapping[str, Any]) -> RunResult:
    """Run again in a run's folder, on its own tables and recipe, with some settings changed.

    Args:
        run_folder: of a run; its networks are not trained again.
        changes: nested mappings of settings, merged into the run's recipe one after the other.

    Raises:
        UserError: no run there; its tables have changed; or a setting that decides what its networks are.
    """
    opened = Run.open(run_folder, kind="run")
    settings = opened.recipe.model_dump(mode="json")
    for change in changes:
        settings = merge(settings, change)
    return run(DataRequest(opened.table.source, settings, out=opened.path))
