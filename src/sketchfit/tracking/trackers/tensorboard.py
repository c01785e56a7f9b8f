"""TensorBoard: files in the run's folder, one run a fold beside a summary. `tensorboard --logdir RUN/tracking`."""

from __future__ import annotations

import json

from accelerate.tracking import TensorBoardTracker

from sketchfit.tracking.callback import Callback, Failure, Outcome, Row, RunInfo
from sketchfit.tracking.trackers.shape import SUMMARY, figures, flat_settings, fold_name, rgb


class TensorBoard(Callback):
    """Writes curves, errors and figures as TensorBoard reads them; a resumed run adds files to the same folders."""

    def run_started(self, info: RunInfo) -> None:
        """Open the summary and write the settings."""
        self._info = info
        self._open: dict[str, TensorBoardTracker] = {}
        settings = json.dumps(info.settings, indent=2, ensure_ascii=False, default=str)
        writer = self._run(SUMMARY).tracker
        writer.add_text("settings", "".join(f"    {line}\n" for line in settings.splitlines()))
        writer.add_text("data", info.note)
        writer.flush()

    def step_finished(self, member: str, fold: int, step: int, row: Row) -> None:
        """Add a point to the curves by update."""
        self._run(fold_name(member, fold)).log(figures(row, "step"), step=step)

    def epoch_finished(self, member: str, fold: int, row: Row) -> None:
        """Add a point to the curves by epoch."""
        self._run(fold_name(member, fold)).log(figures(row, "epoch"), step=int(row["epoch"] or 0))

    def fold_finished(self, member: str, fold: int, row: Row) -> None:
        """Write the fold's figures and close its file."""
        name = fold_name(member, fold)
        self._run(name).log(figures(row, "fold"))
        self._open.pop(name).finish()

    def run_finished(self, outcome: Outcome) -> None:
        """Write errors and final figures, the latter together with the settings for the HPARAMS page."""
        writer = self._run(SUMMARY).tracker
        for number, picture in enumerate(outcome.errors, 1):
            writer.add_image(f"errors/{number:03d} {picture.caption}", rgb(picture.image), dataformats="HWC")
        writer.add_text("result", "  \n".join(outcome.summary))
        final = figures(outcome.figures, "final")
        writer.add_hparams(flat_settings(self._info.settings), final, run_name="hparams")
        self._run(SUMMARY).log(final)
        self._close()

    def run_failed(self, failure: Failure) -> None:
        """Say why, and close."""
        self._run(SUMMARY).tracker.add_text("failure", failure.headline)
        self._close()

    def _run(self, name: str) -> TensorBoardTracker:
        if name not in self._open:
            self._open[name] = TensorBoardTracker(name, self._info.tracking / "tensorboard")
            self._open[name].start()
        return self._open[name]

    def _close(self) -> None:
        for tracker in self._open.values():
            tracker.finish()
        self._open.clear()
