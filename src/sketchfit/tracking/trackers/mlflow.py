"""MLflow: a parent run with one child per fold, on the server in MLFLOW_TRACKING_URI or in the run's folder."""

from __future__ import annotations

import os
import re
from typing import Any

from accelerate.tracking import GeneralTracker

from sketchfit.tracking.callback import Failure, RunInfo, RunReport
from sketchfit.tracking.trackers.tracker import SUMMARY, Tracker, flat_settings, rgb

IDENTITY = "sketchfit.identity"
"""Tag by which a resumed run finds its MLflow runs."""


class MLflow(Tracker):
    """Logs to MLflow, whose open run of this thread is the fold that is being trained, else the parent."""

    name = "mlflow"

    def run_started(self, info: RunInfo) -> None:
        """Choose the server or the folder, then open the parent run and store the settings."""
        import mlflow

        for name, value in (("MAX_RETRIES", "1"), ("TIMEOUT", "5")):
            os.environ.setdefault(f"MLFLOW_HTTP_REQUEST_{name}", value)
        uri = os.environ.get("MLFLOW_TRACKING_URI")
        if not uri:
            uri = (info.tracking / "mlflow").resolve().as_uri()
            # MLflow prefers a database since 3.13, which needs the full package; a folder is enough for one run.
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        mlflow.set_tracking_uri(uri)
        super().run_started(info)

    def run(self, name: str) -> GeneralTracker:
        """Return the tracker of one run; at most one fold is open, as MLflow makes a child of the run opened last."""
        if name not in self._runs:
            for other in tuple(self._runs):
                if other != SUMMARY:
                    self.finish(other)
            if name != SUMMARY:
                self.run(SUMMARY)
        return super().run(name)

    def options(self, name: str) -> dict[str, Any]:
        """Return the arguments of accelerate's class, with the run's id if it exists already."""
        import mlflow

        identity = f"{self.info.identity}-{name}"
        earlier = mlflow.search_runs(
            experiment_names=[self.section.project],
            filter_string=f"tags.`{IDENTITY}` = '{identity}'",
            max_results=1,
            output_format="list",
        )
        return {
            "run_id": earlier[0].info.run_id if earlier else None,
            "run_name": self.info.name if name == SUMMARY else f"{self.info.name}/{name}",
            "tags": {IDENTITY: identity, "group": self.group},
            "nested_run": name != SUMMARY,
            "description": self.info.note if name == SUMMARY else None,
        }

    def store_settings(self) -> None:
        """Write the settings as parameters. MLflow never changes a parameter: those of a resumed run stay."""
        tracker: Any = self.run(SUMMARY)
        known = tracker.tracker.data.params
        settings = flat_settings(self.info.settings)
        tracker.store_init_configuration({key: value for key, value in settings.items() if key not in known})

    def log_report(self, report: RunReport) -> None:
        """Write errors as images, files and folders as artefacts."""
        import mlflow

        tracker: Any = self.run(SUMMARY)
        for number, error in enumerate(report.errors, 1):
            mlflow.log_image(rgb(error.image), f"errors/{number:03d}-{_file_name(error.caption)}.png")
        for path in report.artefacts:
            if path.is_dir():
                tracker.log_artifacts(str(path), path.name)
            else:
                tracker.log_artifact(str(path))

    def log_failure(self, failure: Failure) -> None:
        """Write the reason as a tag."""
        import mlflow

        self.run(SUMMARY)
        mlflow.set_tag("failure", failure.headline)

    def finish(self, name: str, failure: Failure | None = None) -> None:
        """End one run as finished, failed or killed."""
        import mlflow

        del self._runs[name]
        mlflow.end_run("FINISHED" if failure is None else "KILLED" if failure.stopped else "FAILED")


def _file_name(caption: str) -> str:
    """Return a caption as part of a file's name."""
    return re.sub(r"[^\w.%-]+", "-", caption).strip("-")[:80]
