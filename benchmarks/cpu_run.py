"""A complete run of the recipe `cpu` as a command, and the seconds from the command to the submission."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks.process import environment
from sketchfit.runs.run import Run


def cpu_run(data: Path, out: Path, settings: Iterable[str], threads: int) -> tuple[Run, float]:
    """Run with these settings, each `key=value`; a run that is in the folder is deleted.

    Raises:
        subprocess.CalledProcessError: the run failed.
    """
    chosen = [part for one in settings for part in ("--set", one)]
    command = [sys.executable, "-m", "sketchfit", "run", str(data), "--recipe", "cpu", "--out", str(out), "--fresh"]
    began = time.monotonic()
    subprocess.run([*command, *chosen], check=True, stdout=subprocess.DEVNULL, env=environment(threads))
    return Run.open(out), time.monotonic() - began
