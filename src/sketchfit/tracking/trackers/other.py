"""Any other tracker that accelerate knows: one run for all, curves named after member and fold."""

from __future__ import annotations

import inspect
from typing import Any

from accelerate.tracking import LOGGER_TYPE_TO_CLASS, GeneralTracker

from sketchfit.tracking.callback import Callback, Failure, Outcome, Row, RunInfo
from sketchfit.tracking.trackers.shape import figures, flat_settings, fold_name, rgb


class Other(Callback):
    """Settings, curves, final figures; errors where accelerate's class takes images. No artefacts, no groups.

    Args:
        kind: a name in accelerate's list.
        project: what the tracker files the run under.
    """

    def __init__(self, kind: str, project: str) -> None:
        self._class: type[GeneralTracker] = LOGGER_TYPE_TO_CLASS[kind]
        self._project = project

    def run_started(self, info: RunInfo) -> None:
        """Open the tracker and hand it the settings."""
        options: dict[str, Any] = {}
        if "logging_dir" in inspect.signature(self._class.__init__).parameters:
            options["logging_dir"] = str(info.tracking)
        self._tracker = self._class(self._project, **options)
        self._tracker.start()
        self._tracker.store_init_configuration(flat_settings(info.settings))

    def step_finished(self, member: str, fold: int, step: int, row: Row) -> None:
        """Add a point to the curves by update."""
        self._tracker.log(figures(row, f"{fold_name(member, fold)}/step"), step=step)

    def epoch_finished(self, member: str, fold: int, row: Row) -> None:
        """Add a point to the curves by epoch."""
        self._tracker.log(figures(row, f"{fold_name(member, fold)}/epoch"), step=int(row["epoch"] or 0))

    def fold_finished(self, member: str, fold: int, row: Row) -> None:
        """Log the fold's figures."""
        self._tracker.log(figures(row, f"{fold_name(member, fold)}/fold"))

    def run_finished(self, outcome: Outcome) -> None:
        """Log final figures and errors, and finish."""
        self._tracker.log(figures(outcome.figures, "final"))
        if outcome.errors and hasattr(self._tracker, "log_images"):
            self._tracker.log_images({"errors": [rgb(picture.image) for picture in outcome.errors]})
        self._tracker.finish()

    def run_failed(self, failure: Failure) -> None:
        """Say why where the tracker takes text, and finish."""
        self._tracker.store_init_configuration({"failure": failure.headline})
        self._tracker.finish()
