"""MLflow: a parent run with one child per fold, on the server in MLFLOW_TRACKING_URI or in the run's folder."""

from __future__ import annotations

import os
import re
from typing import Any

from accelerate.tracking import MLflowTracker

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

    def _run(self, name: str) -> Any:
        """Return the tracker of a run. At most one fold is open: MLflow makes a child of the run opened last."""
        if name not in self._runs:
            self._finish_folds(None)
            if name != SUMMARY:
                self._run(SUMMARY)
        return super()._run(name)

    def _make(self, name: str) -> Any:
        import mlflow

        identity = f"{self._info.identity}-{name}"
        earlier = mlflow.search_runs(
            experiment_names=[self._section.project],
            filter_string=f"tags.`{IDENTITY}` = '{identity}'",
            max_results=1,
            output_format="list",
        )
        return MLflowTracker(
            self._section.project,
            run_id=earlier[0].info.run_id if earlier else None,
            run_name=self._info.name if name == SUMMARY else f"{self._info.name}/{name}",
            tags={IDENTITY: identity, "group": self._group},
            nested_run=name != SUMMARY,
            description=self._info.note if name == SUMMARY else None,
        )

    def _store_settings(self) -> None:
        tracker, settings = self._run(SUMMARY), flat_settings(self._info.settings)
        known = tracker.tracker.data.params  # MLflow never changes a parameter: those of a resumed run stay
        tracker.store_init_configuration({key: value for key, value in settings.items() if key not in known})

    def _log_report(self, report: RunReport) -> None:
        import mlflow

        tracker = self._run(SUMMARY)
        for number, error in enumerate(report.errors, 1):
            caption = re.sub(r"[^\w.%-]+", "-", error.caption).strip("-")[:80]
            mlflow.log_image(rgb(error.image), f"errors/{number:03d}-{caption}.png")
        for path in report.artefacts:
            if path.is_dir():
                tracker.log_artifacts(str(path), path.name)
            else:
                tracker.log_artifact(str(path))

    def _log_failure(self, failure: Failure) -> None:
        import mlflow

        self._run(SUMMARY)
        mlflow.set_tag("failure", failure.headline)

    def _finish(self, name: str, failure: Failure | None) -> None:
        import mlflow

        del self._runs[name]
        mlflow.end_run("FINISHED" if failure is None else "KILLED" if failure.stopped else "FAILED")
