from sketchfit.config.tracking import TrackingSection
from sketchfit.tracking.callback import Callback, Failure, Row, RunInfo, RunReport


class Lines(Callback):
    """Writes a text file with one line per event."""

    def __init__(self, section: TrackingSection, info: RunInfo) -> None:
        self._title, self._path = section.project, info.tracking / "lines.txt"

    def run_started(self, info: RunInfo) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._write(f"start {self._title} {info.settings['loss']['name']}")

    def epoch_finished(self, member: str, fold: int, row: Row) -> None:
        self._write(f"epoch {member} {fold} {row['epoch']}")

    def run_finished(self, report: RunReport) -> None:
        self._write("end")

    def run_failed(self, failure: Failure) -> None:
        self._write(f"failure {failure.headline}")

    def _write(self, line: str) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
