"""Base class of the trackers: sends the events of a run to tracker objects of accelerate."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
from accelerate.tracking import LOGGER_TYPE_TO_CLASS
from numpy.typing import NDArray

from sketchfit.config.tracking import TrackingSection
from sketchfit.tracking.callback import Callback, Failure, Row, RunInfo, RunReport

SUMMARY = "summary"
"""Name of the tracker run for what belongs to no fold: settings, final figures, errors, the report."""

EXTRA = frozenset({"tensorboard", "wandb", "mlflow"})
"""Trackers that `pip install sketchfit[tracking]` installs."""


class Tracker(Callback):
    """Sends settings, curves and figures to accelerate's tracker of the same name.

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
        self._section, self._info, self._group = section, info, section.group or info.name
        self._runs: dict[str, Any] = {}

    def run_started(self, info: RunInfo) -> None:
        """Open the summary and store the settings."""
        info.tracking.mkdir(parents=True, exist_ok=True)
        self._store_settings()

    def step_finished(self, member: str, fold: int, step: int, row: Row) -> None:
        """Add a point to the curves over updates."""
        self._log_point(f"{member}/fold{fold}", "step", step, row)

    def epoch_finished(self, member: str, fold: int, row: Row) -> None:
        """Add a point to the curves over epochs."""
        self._log_point(f"{member}/fold{fold}", "epoch", int(row["epoch"] or 0), row)

    def fold_finished(self, member: str, fold: int, row: Row) -> None:
        """Store the figures of the fold and finish its run."""
        name = f"{member}/fold{fold}"
        self._log_figures(name, figures(row, f"{self._prefix(name)}fold"))
        if self.per_fold:
            self._finish(name, None)

    def run_finished(self, report: RunReport) -> None:
        """Finish the folds; store errors, files and final figures; finish the summary."""
        self._finish_folds(None)
        self._log_report(report)
        self._log_figures(SUMMARY, figures(report.figures, "final"))
        self._finish(SUMMARY, None)

    def run_failed(self, failure: Failure) -> None:
        """Finish the folds, store the reason, finish the summary."""
        self._finish_folds(failure)
        self._log_failure(failure)
        self._finish(SUMMARY, failure)

    def _run(self, name: str) -> Any:
        """Return accelerate's tracker of a run, opened if necessary."""
        name = name if self.per_fold else SUMMARY
        if name not in self._runs:
            self._runs[name] = self._make(name)
            self._runs[name].start()
        return self._runs[name]

    def _make(self, _name: str) -> Any:
        """Return accelerate's tracker of a run, not opened yet."""
        return LOGGER_TYPE_TO_CLASS[self.name](self._section.project)

    def _store_settings(self) -> None:
        self._run(SUMMARY).store_init_configuration(flat_settings(self._info.settings))

    def _log_point(self, name: str, axis: str, position: int, row: Row) -> None:
        self._run(name).log(figures(row, f"{self._prefix(name)}{axis}"), step=position)

    def _log_figures(self, name: str, values: dict[str, float]) -> None:
        self._run(name).log(values)

    def _log_report(self, report: RunReport) -> None:
        """Store errors and files; nothing where the tracker takes none."""

    def _log_failure(self, failure: Failure) -> None:
        self._run(SUMMARY).store_init_configuration({"failure": failure.headline})

    def _finish(self, name: str, _failure: Failure | None) -> None:
        self._runs.pop(name).finish()

    def _finish_folds(self, failure: Failure | None) -> None:
        for name in tuple(self._runs):
            if name != SUMMARY:
                self._finish(name, failure)

    def _prefix(self, name: str) -> str:
        return "" if self.per_fold else f"{name}/"


def is_installed(package: str) -> bool:
    """Return whether a package is installed; a mere folder of that name (`wandb/` in the working folder) is not one."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None


def flat_settings(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str | int | float | bool]:
    """Return nested settings as `section.key` and a plain value; lists as text, without those that are None."""
    flat: dict[str, str | int | float | bool] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            flat |= flat_settings(value, f"{prefix}{key}.")
        elif value is not None:
            flat[f"{prefix}{key}"] = value if isinstance(value, str | int | float | bool) else str(value)
    return flat


def figures(row: Row, prefix: str) -> dict[str, float]:
    """Return the figures of a row as `prefix/name`, without missing values and the number of the epoch."""
    return {f"{prefix}/{name}": float(value) for name, value in row.items() if value is not None and name != "epoch"}


def rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return uint8 [H, W, 3] for uint8 [H, W, C] with C in {1, 3}."""
    return np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3)))
