"""`sketchfit soup`: continue a run with means of its networks' weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sketchfit.commands.continue_run import continue_run
from sketchfit.stages.products import RunResult


def soup(
    run_folder: str | Path,
    members: str = "uniform",
    folds: bool = True,
    settings: Mapping[str, Any] | None = None,
) -> RunResult:
    """Make soups and estimate out of fold what they are worth.

    Args:
        run_folder: of a run.
        members: `uniform`, `greedy` or `none`.
        folds: also average the networks of the folds.
        settings: a nested mapping of further settings to change.
    """
    return continue_run(run_folder, {"soup": {"members": members, "folds": folds}}, settings or {})
