"""`sketchfit pseudo-label`: continue a run with students that also learn from test rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sketchfit.commands.continue_run import continue_run
from sketchfit.stages.products import RunResult


def pseudo_label(run_folder: str | Path, settings: Mapping[str, Any] | None = None) -> RunResult:
    """Train students, and keep them where they are better out of fold than their teachers.

    Args:
        run_folder: of a run.
        settings: a nested mapping of further settings to change.
    """
    return continue_run(run_folder, {"pseudo_label": {"enabled": True}}, settings or {})
