"""Weights & Biases: one run a fold and a summary, all in one group. Offline where W&B can't be used right now."""

from __future__ import annotations

import netrc
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from urllib.parse import urlsplit

from accelerate.tracking import WandBTracker

from sketchfit.tracking.callback import Callback, Failure, Outcome, Row, RunInfo
from sketchfit.tracking.trackers.shape import SUMMARY, figures, fold_name, rgb

REACH_SECONDS = 2.0
"""A server that has not answered anything within that is taken for dead."""


class WandB(Callback):
    """Logs to W&B; files lie in `tracking/wandb`. Nothing about the machine, the command or the code is sent.

    Args:
        project: the project, made where it is not there.
        group: name that all runs of this training share.
        warn: says one line to the user.
    """

    def __init__(self, project: str, group: str, warn: Callable[[str], None]) -> None:
        self._project, self._group, self._warn = project, group, warn

    def run_started(self, info: RunInfo) -> None:
        """Choose between online and offline; the summary's run keeps the settings until the end."""
        self._info = info
        self._open: dict[str, WandBTracker] = {}
        info.tracking.mkdir(parents=True, exist_ok=True)
        self._mode = self._usable_mode()
        self._run(SUMMARY)

    def step_finished(self, member: str, fold: int, step: int, row: Row) -> None:
        """Add a point to the curves by update."""
        self._run(fold_name(member, fold)).log({"step": step, **figures(row, "step")})

    def epoch_finished(self, member: str, fold: int, row: Row) -> None:
        """Add a point to the curves by epoch."""
        self._run(fold_name(member, fold)).log({"epoch": row["epoch"], **figures(row, "epoch")})

    def fold_finished(self, member: str, fold: int, row: Row) -> None:
        """Put the fold's figures into its summary and finish it."""
        name = fold_name(member, fold)
        tracker = self._run(name)
        tracker.tracker.summary.update(figures(row, "fold"))
        self._open.pop(name).finish()

    def run_finished(self, outcome: Outcome) -> None:
        """Send errors, final figures and the report."""
        import wandb

        tracker = self._run(SUMMARY)
        tracker.tracker.summary.update(figures(outcome.figures, "final"))
        if outcome.errors:
            images = [wandb.Image(rgb(picture.image), caption=picture.caption) for picture in outcome.errors]
            tracker.log({"errors": images})
        for path in outcome.artefacts:
            artifact = wandb.Artifact(f"{path.stem}-{self._info.identity}", type=path.stem)
            if path.is_dir():
                artifact.add_dir(str(path))
            else:
                artifact.add_file(str(path))
            tracker.tracker.log_artifact(artifact)
        self._close()

    def run_failed(self, failure: Failure) -> None:
        """Mark the open runs as failed."""
        self._run(SUMMARY).tracker.summary["failure"] = failure.headline
        self._close(exit_code=1)

    def abandon(self) -> None:
        """Stop W&B's own process, for whose end the interpreter would wait, without a limit, when it exits.

        What is written so far stays in `tracking/wandb` for `wandb sync`.
        """
        wandb_setup = sys.modules.get("wandb.sdk.wandb_setup")
        # No public way leads to it: where a later W&B keeps it elsewhere, there is nothing to stop.
        service = getattr(getattr(wandb_setup, "_singleton", None), "_connection", None)
        process = getattr(getattr(service, "_proc", None), "_process", None)
        if isinstance(process, subprocess.Popen):
            process.kill()

    def _usable_mode(self) -> str:
        mode = os.environ.get("WANDB_MODE", "online")
        if mode != "online":
            return mode
        place = f"it is written to {self._info.tracking / 'wandb'}, and `wandb sync` sends it later"
        import wandb

        url = os.environ.get("WANDB_BASE_URL") or str(wandb.Settings().base_url)
        if not _has_key(url):
            self._warn(f"wandb: no account (`wandb login`, or WANDB_API_KEY in the environment or .env); {place}")
            return "offline"
        if not _answers(url):
            self._warn(f"wandb: the server can't be reached; {place}")
            return "offline"
        return "online"

    def _run(self, name: str) -> WandBTracker:
        if name in self._open:
            return self._open[name]
        import wandb

        # What W&B gathers by itself (arguments, environment, packages, code, git remote) may hold secrets.
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
        tracker = WandBTracker(
            self._project,
            id=f"{self._info.identity}-{name.replace('/', '-')}",
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
        tracker.start()
        for axis in ("step", "epoch"):
            tracker.tracker.define_metric(f"{axis}/*", step_metric=axis)
        self._open[name] = tracker
        return tracker

    def _close(self, exit_code: int = 0) -> None:
        for tracker in self._open.values():
            tracker.tracker.finish(exit_code=exit_code)
        self._open.clear()


def _has_key(url: str) -> bool:
    """Whether W&B would find an account; `wandb.login` can't be asked: without a network it hangs the process's end."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        path = os.environ.get("NETRC")
        return netrc.netrc(path).authenticators(urlsplit(url).hostname or "") is not None
    except (OSError, netrc.NetrcParseError):
        return False


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=REACH_SECONDS):
            return True
    except urllib.error.HTTPError as error:
        # It speaks HTTP: what it thinks of this page does not matter, unless it is broken.
        return error.code < 500
    except (OSError, ValueError):
        return False
