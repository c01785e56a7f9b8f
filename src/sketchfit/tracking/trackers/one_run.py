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

    def options(self, name: str) -> dict[str, Any]:  # noqa: ARG002
        """Return the folder, for trackers that write to one."""
        parameters = inspect.signature(LOGGER_TYPE_TO_CLASS[self.name].__init__).parameters
        return {"logging_dir": str(self.info.tracking)} if "logging_dir" in parameters else {}

    def log_report(self, report: RunReport) -> None:
        """Log errors as images."""
        tracker: Any = self.run(SUMMARY)
        for number, error in enumerate(report.errors, 1) if hasattr(tracker, "log_images") else ():
            image = rgb(error.image)
            values = image if self.name in SINGLE_IMAGES else [image]
            tracker.log_images({f"errors/{number:03d} {error.caption}": values})


def _tracker(name: str) -> type[OneRun]:
    return type(name, (OneRun,), {"name": name, "__doc__": f"Logs to {name}."})


aim, clearml, comet_ml = _tracker("aim"), _tracker("clearml"), _tracker("comet_ml")
dvclive, swanlab, trackio = _tracker("dvclive"), _tracker("swanlab"), _tracker("trackio")
