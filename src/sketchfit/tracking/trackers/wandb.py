"""Weights & Biases: offline where the account or the server is missing."""

from __future__ import annotations

import logging
import netrc
import os
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import psutil
from accelerate.tracking import WandBTracker

from sketchfit.tracking.callback import Failure, Row, RunInfo, RunReport
from sketchfit.tracking.trackers.tracker import SUMMARY, Tracker, figures, rgb

REACH_SECONDS = 2.0
"""Time limit for the first reply of the server."""

log = logging.getLogger(__name__)


class WandB(Tracker):
    """Sends to W&B, with files in `tracking/wandb`. Nothing about the machine, the command or the code is sent."""

    name = "wandb"

    def run_started(self, info: RunInfo) -> None:
        """Choose between online and offline, then open the summary, which has the settings."""
        self._mode = self._usable_mode()
        super().run_started(info)

    def _run(self, name: str) -> Any:
        if name not in self._runs:
            for axis in ("step", "epoch"):
                super()._run(name).tracker.define_metric(f"{axis}/*", step_metric=axis)
        return self._runs[name]

    def _make(self, name: str) -> Any:
        import wandb

        # What W&B collects by itself (arguments, environment, packages, code, git remote) may contain secrets.
        settings = wandb.Settings(
            x_disable_meta=True,
            x_disable_machine_info=True,
            x_disable_stats=True,
            x_save_requirements=False,
            disable_git=True,
            disable_code=True,
            disable_job_creation=True,
            save_code=False,
            console="off",
            silent=True,
            symlink=False,
            init_timeout=20,
        )
        return WandBTracker(
            self._section.project,
            id=f"{self._info.identity}-{name.replace('/', '-')}",  # a resumed run continues the W&B run of this id
            name=f"{self._info.name}/{name}",
            group=self._group,
            job_type="summary" if name == SUMMARY else "fold",
            config=dict(self._info.settings),
            notes=self._info.note,
            dir=str(self._info.tracking),
            mode=self._mode,
            resume="allow" if self._mode == "online" else None,
            reinit="create_new",
            settings=settings,
        )

    def _store_settings(self) -> None:
        self._run(SUMMARY)  # each run gets the settings when it is opened

    def _log_point(self, name: str, axis: str, position: int, row: Row) -> None:
        # The position is a value of its own: W&B's step would have to grow over both axes.
        self._run(name).log({axis: position, **figures(row, axis)})

    def _log_figures(self, name: str, values: dict[str, float]) -> None:
        self._run(name).tracker.summary.update(values)

    def _log_report(self, report: RunReport) -> None:
        import wandb

        tracker = self._run(SUMMARY)
        if report.errors:
            tracker.log({"errors": [wandb.Image(rgb(error.image), caption=error.caption) for error in report.errors]})
        for path in report.artefacts:
            artifact = wandb.Artifact(f"{path.stem}-{self._info.identity}", type=path.stem)
            add = artifact.add_dir if path.is_dir() else artifact.add_file
            add(str(path))
            tracker.tracker.log_artifact(artifact)

    def _log_failure(self, failure: Failure) -> None:
        self._run(SUMMARY).tracker.summary["failure"] = failure.headline

    def _finish(self, name: str, failure: Failure | None) -> None:
        self._runs.pop(name).tracker.finish(exit_code=1 if failure else 0)

    def abandon(self) -> None:
        """Stop W&B's service process: at its exit Python waits for it without a limit.

        What is written so far stays in `tracking/wandb` for `wandb sync`.
        """
        for process in psutil.Process().children():
            if process.name().startswith("wandb-core"):
                process.kill()

    def _usable_mode(self) -> str:
        mode = os.environ.get("WANDB_MODE", "online")
        if mode != "online":
            return mode
        place = f"the run is written to {self._info.tracking / 'wandb'}; `wandb sync` sends it later"
        import wandb

        url = os.environ.get("WANDB_BASE_URL") or str(wandb.Settings().base_url)
        if not _has_key(url):
            log.warning(f"wandb: no account (`wandb login`, or WANDB_API_KEY in the environment or .env); {place}")
            return "offline"
        if not _replies(url):
            log.warning(f"wandb: the server cannot be reached; {place}")
            return "offline"
        return "online"


def _has_key(url: str) -> bool:
    """Return whether W&B would find an account. `wandb.login` without a network would delay the end of the process."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        path = os.environ.get("NETRC")
        return netrc.netrc(path).authenticators(urlsplit(url).hostname or "") is not None
    except (OSError, netrc.NetrcParseError):
        return False


def _replies(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=REACH_SECONDS):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500  # any reply will do, except that the server is broken
    except (OSError, ValueError):
        return False
