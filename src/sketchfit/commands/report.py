"""`sketchfit report`: write the report on a run again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sketchfit.reporting.run.report import write_report
from sketchfit.tracking.console import Console


def report(run: str | Path, overrides: Sequence[str] = (), console: Console | None = None) -> Path:
    """Write `report/index.html` into a run's folder, from the folder and the images.

    Args:
        run: a run's folder. Its images must be where they were during training.
        overrides: settings of the report, such as `report.gallery=50`.
        console: where a line is printed.

    Returns:
        Path of the page.

    Raises:
        UserError: there is no finished run, or its images are missing.
    """
    return write_report(run, console, overrides=overrides)
