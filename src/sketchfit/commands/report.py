"""`sketchfit report`: write the report on a run again."""

from __future__ import annotations

import errno
import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sketchfit.config.overrides import settings_of
from sketchfit.destinations import usable
from sketchfit.errors import UserError
from sketchfit.remains import ABANDONED, REMAINS, clear_remains
from sketchfit.reporting.run.run_report import write_report
from sketchfit.runs.finished import open_finished
from sketchfit.runs.lock import one_writer
from sketchfit.runs.marks import BY_SYSTEM
from sketchfit.runs.snapshot import snapshot
from sketchfit.tracking.console import Console
from sketchfit.wording import listed

log = logging.getLogger(__name__)

OF_A_REPORT = re.compile(r"index\.html|label_issues\.csv|summary\.json|drawings|drawings/\d+\.webp")
"""Files and folders of a report."""


def report(
    run: str | Path,
    overrides: Sequence[str] | Mapping[str, Any] = (),
    *,
    partial: bool = False,
    out: str | Path | None = None,
) -> Path:
    """Write `report/index.html` into a run's folder, or `index.html` into another folder.

    Arguments and errors: `sketchfit.report`. A run that is not finished and has no answers yet is reported by the mean
    of its networks so far.

    Returns:
        Path of the page.
    """
    Console()  # prints the log
    follow_links = bool(settings_of(overrides).get("data", {}).get("follow_links"))
    place = None if out is None else _own_place(Path(out))
    opened, lacks = open_finished(run, partial=partial)
    for note in lacks:
        log.info(f"note: {note}")
    note = "; ".join(lacks)
    if place is None:
        with one_writer(opened.path):
            return write_report(run, overrides=overrides, follow_links=follow_links, note=note)
    _make(place)
    with snapshot(opened.path) as copy:
        return write_report(copy, overrides=overrides, follow_links=follow_links, out=place, note=note)


def _own_place(out: Path) -> Path:
    """Return where a folder is, links followed, that does not exist yet or has nothing but an earlier report.

    Raises:
        UserError: it has other files, or is none.
    """
    folder = Path(os.path.realpath(out))
    clear_remains(folder.rglob(".*.part"), least_age=ABANDONED)
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is no folder", "Name a new folder with --out.")
    others = (path for path in folder.rglob("*") if path.name not in BY_SYSTEM and not REMAINS.fullmatch(path.name))
    names = (path.relative_to(folder).as_posix() for path in others)
    if foreign := sorted(name for name in names if not OF_A_REPORT.fullmatch(name)):
        raise UserError(f"{folder} has what is no part of a report: {listed(foreign)}", "Name a new folder with --out.")
    return folder


def _make(folder: Path) -> None:
    """Make a folder before the work for it begins.

    Raises:
        UserError: it cannot be made or written.
    """
    with usable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
