"""MLflow: a parent run with a child a fold, on the server in MLFLOW_TRACKING_URI or in the run's folder.

Through MLflow's client: accelerate's tracker works on the one run that is active in the process, and here are several.
"""

from __future__ import annotations

import os
import time

from sketchfit.tracking.callback import Callback, Failure, Outcome, Row, RunInfo
from sketchfit.tracking.trackers.shape import SUMMARY, figures, file_name, flat_settings, fold_name, rgb

BATCH = 100
"""Parameters that the server takes in one call."""

LONGEST = 500
"""Characters of a parameter that every server takes."""

IDENTITY = "sketchfit.identity"
"""Tag by which a resumed run finds its own runs again."""


class MLflow(Callback):
    """Logs to MLflow.

    Args:
        project: the experiment, made where it is not there.
        group: name that all runs of this training carry as the tag `group`.
    """

    def __init__(self, project: str, group: str) -> None:
        self._project, self._group = project, group

    def run_started(self, info: RunInfo) -> None:
        """Find or make the experiment and the parent run; write the settings."""
        for name, value in (("MAX_RETRIES", "1"), ("TIMEOUT", "5")):
            os.environ.setdefault(f"MLFLOW_HTTP_REQUEST_{name}", value)
        uri = os.environ.get("MLFLOW_TRACKING_URI")
        if not uri:
            uri = (info.tracking / "mlflow").resolve().as_uri()
            # MLflow asks for a database since 3.13; that takes the whole of it, and a folder does for one run.
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        from mlflow import MlflowClient
        from mlflow.entities import Param

        self._info = info
        self._client = MlflowClient(tracking_uri=uri)
        experiment = self._client.get_experiment_by_name(self._project)
        self._experiment = experiment.experiment_id if experiment else self._client.create_experiment(self._project)
        self._ids: dict[str, str] = {}
        params = [Param(key, str(value)[:LONGEST]) for key, value in flat_settings(info.settings).items()]
        run = self._run(SUMMARY)
        known = self._client.get_run(run).data.params
        # A parameter can't be changed: one that differs in a resumed run (threads, …) keeps its first value.
        params = [param for param in params if param.key not in known]
        for start in range(0, len(params), BATCH):
            self._client.log_batch(run, params=params[start : start + BATCH])

    def step_finished(self, member: str, fold: int, step: int, row: Row) -> None:
        """Add a point to the curves by update."""
        self._log(fold_name(member, fold), figures(row, "step"), step)

    def epoch_finished(self, member: str, fold: int, row: Row) -> None:
        """Add a point to the curves by epoch."""
        self._log(fold_name(member, fold), figures(row, "epoch"), int(row["epoch"] or 0))

    def fold_finished(self, member: str, fold: int, row: Row) -> None:
        """Write the fold's figures and end its run."""
        name = fold_name(member, fold)
        self._log(name, figures(row, "fold"), 0)
        self._client.set_terminated(self._ids.pop(name))

    def run_finished(self, outcome: Outcome) -> None:
        """Write final figures, errors and the report; end all."""
        run = self._run(SUMMARY)
        self._log(SUMMARY, figures(outcome.figures, "final"), 0)
        for number, picture in enumerate(outcome.errors, 1):
            self._client.log_image(run, rgb(picture.image), f"errors/{number:03d}-{file_name(picture.caption)}.png")
        for path in outcome.artefacts:
            if path.is_dir():
                self._client.log_artifacts(run, str(path), path.name)
            else:
                self._client.log_artifact(run, str(path))
        self._end("FINISHED")

    def run_failed(self, failure: Failure) -> None:
        """Say why, and end all as failed or killed."""
        self._client.set_tag(self._run(SUMMARY), "failure", failure.headline)
        self._end("KILLED" if failure.stopped else "FAILED")

    def _run(self, name: str) -> str:
        if name not in self._ids:
            self._ids[name] = self._resumed(name) or self._created(name)
        return self._ids[name]

    def _resumed(self, name: str) -> str | None:
        query = f"tags.`{IDENTITY}` = '{self._info.identity}-{name}'"
        for run in self._client.search_runs([self._experiment], query, max_results=1):
            self._client.update_run(run.info.run_id, status="RUNNING")
            return str(run.info.run_id)
        return None

    def _created(self, name: str) -> str:
        tags = {IDENTITY: f"{self._info.identity}-{name}", "group": self._group}
        if name == SUMMARY:
            tags["mlflow.note.content"] = self._info.note
        else:
            tags["mlflow.parentRunId"] = self._run(SUMMARY)
        title = self._info.name if name == SUMMARY else f"{self._info.name}/{name}"
        # MLflow adds the command and the user of the process only through its fluent interface, not here.
        return str(self._client.create_run(self._experiment, run_name=title, tags=tags).info.run_id)

    def _log(self, name: str, values: dict[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [Metric(key, value, now, step) for key, value in values.items()]
        self._client.log_batch(self._run(name), metrics=metrics)

    def _end(self, status: str) -> None:
        for run in self._ids.values():
            self._client.set_terminated(run, status=status)
        self._ids.clear()
