"""The contract of callbacks, which experiment trackers are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from sketchfit.tracking.callback import Callback, ErrorImage, Failure, RunInfo, RunReport

Make = Callable[[RunInfo], Callback]


def check_callback(make: Make, folder: Path) -> None:
    """Check a callback: it takes a run that finishes, its resumption with missing figures, and one that fails.

    All files are in `folder/RUN/tracking`.

    Args:
        make: returns a new callback.
        folder: empty.
    """
    errors = tuple(ErrorImage(np.zeros((8, 8, channels), np.uint8), "cat, not dog") for channels in (1, 3))
    report = RunReport({"top1": 0.5}, ("one line",), 1.0, errors=errors)
    finished = make_info(folder / "finished")
    for _ in range(2):
        _train(make(finished), finished).run_finished(report)
    failed = make_info(folder / "failed")
    _train(make(failed), failed).run_failed(Failure("ValueError: no", "a traceback", stopped=False))
    empty = make_info(folder / "empty")
    callback = make(empty)
    callback.run_started(empty)
    callback.run_finished(RunReport({}, (), 0.0))
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert all("tracking" in path.relative_to(folder).parts for path in written)


def make_info(folder: Path) -> RunInfo:
    """A run whose recipe has values of every kind."""
    settings = {"seed": 1, "loss": {"name": "ce", "smoothing": 0.1}, "inference": {"views": ["hflip"]}, "none": None}
    return RunInfo(folder.name, folder, "0123456789ab", settings, "32 drawings")


def _train(callback: Callback, info: RunInfo) -> Callback:
    callback.run_started(info)
    for fold in range(2):
        callback.step_finished("a", fold, 5, {"loss": 1.5, "lr": 1e-3})
        callback.epoch_finished("a", fold, {"epoch": 1, "train_loss": 1.5, "valid_accuracy": None})
        callback.epoch_finished("a", fold, {"epoch": 2, "train_loss": 1.0, "valid_accuracy": 0.5})
        callback.fold_finished("a", fold, {"top1": 0.5, "seconds": 1.0})
    return callback
