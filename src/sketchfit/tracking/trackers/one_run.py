"""Trackers of accelerate with one run for everything: the names of curves begin with member and fold."""

from __future__ import annotations

import inspect
from typing import Any

from accelerate.tracking import LOGGER_TYPE_TO_CLASS

from sketchfit.tracking.callback import RunReport
from sketchfit.tracking.trackers.tracker import SUMMARY, Tracker, rgb

SINGLE_IMAGES = frozenset({"aim", "clearml"})
"""Trackers that take one image per name; the others take a list of images."""


class OneRun(Tracker):
    """Logs settings, curves and figures; errors where accelerate's class takes images."""

    per_fold = False

    def _make(self, name: str) -> Any:
        kind = LOGGER_TYPE_TO_CLASS[self.name]
        if "logging_dir" in inspect.signature(kind.__init__).parameters:
            return kind(self._section.project, logging_dir=str(self._info.tracking))
        return super()._make(name)

    def _log_report(self, report: RunReport) -> None:
        tracker = self._run(SUMMARY)
        for number, error in enumerate(report.errors, 1) if hasattr(tracker, "log_images") else ():
            image = rgb(error.image)
            values = image if self.name in SINGLE_IMAGES else [image]
            tracker.log_images({f"errors/{number:03d} {error.caption}": values})


def _tracker(name: str) -> type[OneRun]:
    return type(name, (OneRun,), {"name": name, "__doc__": f"Logs to {name}."})


aim, clearml, comet_ml = _tracker("aim"), _tracker("clearml"), _tracker("comet_ml")
dvclive, swanlab, trackio = _tracker("dvclive"), _tracker("swanlab"), _tracker("trackio")
