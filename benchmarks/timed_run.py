"""A run with a deadline in a separate process group, watched from outside: when it ends, what it has written by then.

Another process can use a core from some moment on, and the run can be killed at some moment.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.process import ROOT

POLL = 0.1
"""Seconds between two looks at the run's folder."""

GRACE = 2.0
"""A run that takes longer than so many times its deadline is killed."""


@dataclass(frozen=True)
class Watched:
    """What was seen of a process.

    Attributes:
        seconds: from its start to its end.
        status: exit status; negative where a signal ended it.
        first_submission: seconds until `submission.csv` existed; None where it never did.
    """

    seconds: float
    status: int
    first_submission: float | None


@dataclass(frozen=True)
class Disturbance:
    """What happens to a run.

    Attributes:
        load_at: seconds after which another process uses a core; None: never.
        kill_at: seconds after which the run is killed; None: never.
    """

    load_at: float | None = None
    kill_at: float | None = None


def run_command(data: Path, seconds: float, out: Path, more: Sequence[str] = ()) -> list[str]:
    """Return the command of a run with a deadline."""
    return [sys.executable, "-m", "sketchfit", "run", str(data), "--time", f"{seconds:g}s", "--out", str(out), *more]


def environment(cache: Path) -> dict[str, str]:
    """Return the environment of a run: a separate cache, no network, and as many threads as the run chooses."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    found = {**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1", "SKETCHFIT_CACHE": str(cache)}
    found.pop("OMP_NUM_THREADS", None)
    return found


def watch(
    command: Sequence[str], folder: Path, log: Path, seconds: float, cache: Path, disturbance: Disturbance | None = None
) -> Watched:
    """Start a command and wait for its end.

    Args:
        command: of the run.
        folder: of the run, where `submission.csv` is expected.
        log: file to which its output is appended.
        seconds: deadline, for `GRACE`.
        cache: folder of the run's caches.
        disturbance: what happens meanwhile.
    """
    change, first = disturbance or Disturbance(), None
    with log.open("a") as output, contextlib.ExitStack() as others:
        began = time.monotonic()
        process = subprocess.Popen(
            list(command), stdout=output, stderr=subprocess.STDOUT, env=environment(cache), start_new_session=True
        )
        loaded = False
        while process.poll() is None:
            passed = time.monotonic() - began
            if first is None and (folder / "submission.csv").is_file():
                first = passed
            if change.load_at is not None and not loaded and passed >= change.load_at:
                others.enter_context(busy_core())
                loaded = True
            if passed >= (change.kill_at if change.kill_at is not None else GRACE * seconds):
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                break
            time.sleep(POLL)
        took = time.monotonic() - began
    if first is None and (folder / "submission.csv").is_file():
        first = took
    return Watched(took, process.returncode, first)


@contextlib.contextmanager
def busy_core() -> Iterator[None]:
    """Let another process use one core."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def why_invalid(submission: Path, sample: Path, classes: int) -> str:
    """Return what is wrong with a submission; empty where it has the rows of the sample and a class for each."""
    if not submission.is_file():
        return "there is none"
    found, wanted = pd.read_csv(submission), pd.read_csv(sample)
    if list(found.columns) != list(wanted.columns):
        return f"columns {list(found.columns)} instead of {list(wanted.columns)}"
    keys = list(wanted.columns[:-1])
    if not found[keys].equals(wanted[keys]):
        return "other rows than in the sample, or in another order"
    answers = found[wanted.columns[-1]]
    return "" if answers.isin(range(classes)).all() else "answers that are no class"
