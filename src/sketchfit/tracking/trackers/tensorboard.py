"""TensorBoard: files in the run's folder. Look at them with `tensorboard --logdir RUN/tracking`."""

from __future__ import annotations

import json
from typing import Any

from accelerate.tracking import GeneralTracker, TensorBoardTracker

from sketchfit.tracking.callback import Failure, RunReport
from sketchfit.tracking.trackers.tracker import SUMMARY, Tracker, figures, flat_settings, rgb


class TensorBoard(Tracker):
    """Writes event files; a resumed run adds files to the same folders."""

    name = "tensorboard"

    def run(self, name: str) -> GeneralTracker:
        """Return the tracker of one run; its folder has the run's name."""
        if name not in self._runs:
            self._runs[name] = TensorBoardTracker(name, self.info.tracking / "tensorboard")
            self._runs[name].start()
        return self._runs[name]

    def store_settings(self) -> None:
        """Write the recipe as text."""
        settings = json.dumps(self.info.settings, indent=2, ensure_ascii=False, default=str)
        self.run(SUMMARY).log({"settings": _as_code(settings), "data": self.info.note})

    def log_report(self, report: RunReport) -> None:
        """Write errors as images, the result as text, and settings and figures for the HPARAMS page."""
        writer: Any = self.run(SUMMARY).tracker
        for number, error in enumerate(report.errors, 1):
            writer.add_image(f"errors/{number:03d} {error.caption}", rgb(error.image), dataformats="HWC")
        writer.add_text("result", "  \n".join(report.summary))
        final = figures(report.figures, "final")
        writer.add_hparams(flat_settings(self.info.settings), final, run_name="hparams")

    def log_failure(self, failure: Failure) -> None:
        """Write the reason as text."""
        self.run(SUMMARY).log({"failure": failure.headline})


def _as_code(text: str) -> str:
    """Indent a text: Markdown shows it as it is."""
    return "".join(f"    {line}\n" for line in text.splitlines())
