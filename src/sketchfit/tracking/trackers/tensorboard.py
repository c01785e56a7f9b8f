"""TensorBoard: files in the run's folder. Look at them with `tensorboard --logdir RUN/tracking`."""

from __future__ import annotations

import json
from typing import Any

from accelerate.tracking import TensorBoardTracker

from sketchfit.tracking.callback import Failure, RunReport
from sketchfit.tracking.trackers.tracker import SUMMARY, Tracker, figures, flat_settings, rgb


class TensorBoard(Tracker):
    """Writes event files; a resumed run adds files to the same folders."""

    name = "tensorboard"

    def _make(self, name: str) -> Any:
        return TensorBoardTracker(name, self._info.tracking / "tensorboard")

    def _store_settings(self) -> None:
        settings = json.dumps(self._info.settings, indent=2, ensure_ascii=False, default=str)
        as_code = "".join(f"    {line}\n" for line in settings.splitlines())  # Markdown shows it unchanged
        self._run(SUMMARY).log({"settings": as_code, "data": self._info.note})

    def _log_report(self, report: RunReport) -> None:
        writer = self._run(SUMMARY).tracker
        for number, error in enumerate(report.errors, 1):
            writer.add_image(f"errors/{number:03d} {error.caption}", rgb(error.image), dataformats="HWC")
        writer.add_text("result", "  \n".join(report.summary))
        final = figures(report.figures, "final")  # together with the settings they make the page HPARAMS
        writer.add_hparams(flat_settings(self._info.settings), final, run_name="hparams")

    def _log_failure(self, failure: Failure) -> None:
        self._run(SUMMARY).log({"failure": failure.headline})
