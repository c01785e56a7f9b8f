"""`sketchfit report`: write the report on a run again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sketchfit.reporting.run.run_report import write_report
from sketchfit.tracking.console import Console


def report(run: str | Path, overrides: Sequence[str] = ()) -> Path:
    """Write `report/index.html` into a run's folder, from the folder and the images.

    Args:
        run: a run's folder. Its images must be where they were during training.
        overrides: settings of the report, such as `report.gallery=50`.

    Returns:
        Path of the page.

    Raises:
        UserError: there is no finished run, or its images are missing.
    """
    Console("plain")  # prints the log
    return write_report(run, overrides=overrides)
