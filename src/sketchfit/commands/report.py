"""`sketchfit report`: write the report on a run again."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from sketchfit.config.overrides import parse_overrides
from sketchfit.reporting.run.run_report import write_report
from sketchfit.runs.finished import open_finished
from sketchfit.runs.lock import one_writer
from sketchfit.tracking.console import Console

log = logging.getLogger(__name__)


def report(run: str | Path, overrides: Sequence[str] = (), *, partial: bool = False) -> Path:
    """Write `report/index.html` into a run's folder, from the folder and the images.

    Args:
        run: a run's folder. Its images must be where they were during training.
        overrides: settings of the report, such as `report.gallery=50`; `data.follow_links=true` follows links that lead
            out of the data folder.
        partial: also on a run that is not finished, with a note.

    Returns:
        Path of the page.

    Raises:
        UserError: there is no finished run, or its images are missing.
    """
    Console("plain")  # prints the log
    follow_links = bool(parse_overrides(overrides).get("data", {}).get("follow_links"))
    opened, lacks = open_finished(run, partial=partial)
    for note in lacks:
        log.info(f"note: {note}")
    with one_writer(opened.path):
        return write_report(run, overrides=overrides, follow_links=follow_links)
