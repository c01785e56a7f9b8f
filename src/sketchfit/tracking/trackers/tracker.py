"""Base class of the trackers: sends the events of a run to tracker objects of accelerate."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
from accelerate.tracking import LOGGER_TYPE_TO_CLASS, GeneralTracker
from numpy.typing import NDArray

from sketchfit.config.tracking import TrackingSection
from sketchfit.tracking.callback import Callback, Failure, Row, RunInfo, RunReport

SUMMARY = "summary"
"""Name of the tracker run for what belongs to no fold: settings, final figures, errors, the report."""

EXTRA = frozenset({"tensorboard", "wandb", "mlflow"})
"""Trackers that `pip install sketchfit[tracking]` installs."""


class Tracker(Callback):
    """Sends settings, curves, figures and errors to accelerate's tracker of the same name.

    There is one tracker run per fold, and one for the summary. A subclass overrides what its tracker does differently.

    Args:
        section: settings of the recipe.
        info: about the run.

    Raises:
        ModuleNotFoundError: the tracker is not installed; the message has the command that installs it.
    """

    name: ClassVar[str]
    """Name in accelerate's list and of the package that has to be installed."""
    per_fold: ClassVar[bool] = True
    """Whether each fold has a run of its own; else the names of its figures begin with member and fold."""

    def __init__(self, section: TrackingSection, info: RunInfo) -> None:
        if not is_installed(self.name):
            package = "sketchfit[tracking]" if self.name in EXTRA else self.name
            raise ModuleNotFoundError(f"not installed: pip install {package}")
        self.section, self.info = section, info
        self.group = section.group or info.name
        self._runs: dict[str, GeneralTracker] = {}

    def run_started(self, info: RunInfo) -> None:
        """Open the summary and store the settings."""
        info.tracking.mkdir(parents=True, exist_ok=True)
        self.store_settings()

    def step_finished(self, member: str, fold: int, step: int, row: Row) -> None:
        """Add a point to the curves over updates."""
        self.log_point(fold_name(member, fold), "step", step, row)

    def epoch_finished(self, member: str, fold: int, row: Row) -> None:
        """Add a point to the curves over epochs."""
        self.log_point(fold_name(member, fold), "epoch", int(row["epoch"] or 0), row)

    def fold_finished(self, member: str, fold: int, row: Row) -> None:
        """Store the figures of the fold and finish its run."""
        name = fold_name(member, fold)
        self.log_figures(name, figures(row, f"{self._prefix(name)}fold"))
        if self.per_fold:
            self.finish(name)

    def run_finished(self, report: RunReport) -> None:
        """Finish the folds; store errors, files and final figures; finish the summary."""
        self._finish_folds(None)
        self.log_report(report)
        self.log_figures(SUMMARY, figures(report.figures, "final"))
        self.finish(SUMMARY)

    def run_failed(self, failure: Failure) -> None:
        """Finish the folds, store the reason, finish the summary."""
        self._finish_folds(failure)
        self.log_failure(failure)
        self.finish(SUMMARY, failure)

    def run(self, name: str) -> GeneralTracker:
        """Return accelerate's tracker for one run, opened if necessary."""
        name = name if self.per_fold else SUMMARY
        if name not in self._runs:
            tracker = LOGGER_TYPE_TO_CLASS[self.name](self.section.project, **self.options(name))
            tracker.start()
            self._runs[name] = tracker
        return self._runs[name]

    def options(self, name: str) -> dict[str, Any]:  # noqa: ARG002
        """Return the arguments of accelerate's class for one run, apart from the project."""
        return {}

    def store_settings(self) -> None:
        """Store the recipe."""
        self.run(SUMMARY).store_init_configuration(flat_settings(self.info.settings))

    def log_point(self, name: str, axis: str, position: int, row: Row) -> None:
        """Add a point to the curves of a run; `axis` is `step` or `epoch`, `position` counts from 1."""
        self.run(name).log(figures(row, f"{self._prefix(name)}{axis}"), step=position)

    def log_figures(self, name: str, values: dict[str, float]) -> None:
        """Store the final figures of a run."""
        self.run(name).log(values)

    def log_report(self, report: RunReport) -> None:
        """Store errors and files of the run as far as the tracker takes them."""

    def log_failure(self, failure: Failure) -> None:
        """Store the reason why the run ended early."""
        self.run(SUMMARY).store_init_configuration({"failure": failure.headline})

    def finish(self, name: str, failure: Failure | None = None) -> None:  # noqa: ARG002
        """Finish one run; `failure` is given where it ended early."""
        self._runs.pop(name).finish()

    def _prefix(self, name: str) -> str:
        return "" if self.per_fold else f"{name}/"

    def _finish_folds(self, failure: Failure | None) -> None:
        for name in tuple(self._runs):
            if name != SUMMARY:
                self.finish(name, failure)


def is_installed(package: str) -> bool:
    """Return whether a package is installed; a mere folder of that name (`wandb/` in the working folder) is not one."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None


def fold_name(member: str, fold: int) -> str:
    """Return the name of a fold's tracker run."""
    return f"{member}/fold{fold}"


def flat_settings(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str | int | float | bool]:
    """Return nested settings as `section.key` and a plain value; lists as text, without those that are None."""
    flat: dict[str, str | int | float | bool] = {}
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat |= flat_settings(value, f"{name}.")
        elif isinstance(value, str | int | float | bool):
            flat[name] = value
        elif value is not None:
            flat[name] = str(value)
    return flat


def figures(row: Row, prefix: str) -> dict[str, float]:
    """Return the figures of a row as `prefix/name`, without missing values and the number of the epoch."""
    return {f"{prefix}/{name}": float(value) for name, value in row.items() if value is not None and name != "epoch"}


def rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return uint8 [H, W, 3] for uint8 [H, W, C] with C in {1, 3}."""
    return np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3)))
