"""How fast the other processes of a training end after one was killed, and what they print."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.ranks.launch import environments, without_launcher

MOST_SECONDS = 300.0
"""Seconds after which a process that has not ended is killed."""


@dataclass(frozen=True)
class Killed:
    """What happened after a process was killed.

    Attributes:
        seconds: until all others had ended, the launcher included.
        statuses: exit statuses of the processes that were started here.
        printed: by all of them.
    """

    seconds: float
    statuses: tuple[int, ...]
    printed: str

    @property
    def lines(self) -> list[str]:
        """Lines that name the loss."""
        return [line for line in self.printed.splitlines() if "was lost" in line]


def with_agent(arguments: Sequence[str], log: Path, count: int) -> list[subprocess.Popen[bytes]]:
    """Start `sketchfit` with torchrun; all print into a file."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(count)]
    environment = {**without_launcher(), "OMP_NUM_THREADS": "1"}
    with log.open("wb") as file:
        command = [*launcher, "-m", "sketchfit", *arguments]
        return [subprocess.Popen(command, env=environment, stdout=file, stderr=file)]


def without_agent(arguments: Sequence[str], log: Path, count: int) -> list[subprocess.Popen[bytes]]:
    """Start `sketchfit` as plain processes whose environment names their ranks; all print into a file."""
    command = [sys.executable, "-m", "sketchfit", *arguments]
    with log.open("wb") as file:
        return [subprocess.Popen(command, env=one, stdout=file, stderr=file) for one in environments(count)]


def killed(started: list[subprocess.Popen[bytes]], log: Path, rank: int, when: str) -> Killed:
    """Kill the process of a rank once a text is printed, and measure.

    Raises:
        RuntimeError: the text is not printed.
    """
    try:
        _wait_for(started, log, when)
        processes = {_rank(one): one for one in _workers(started)}
        processes[rank].send_signal(signal.SIGKILL)
        began = time.monotonic()
        statuses = tuple(one.wait(MOST_SECONDS) for one in started)
        psutil.wait_procs([one for number, one in processes.items() if number != rank], MOST_SECONDS)
        return Killed(time.monotonic() - began, statuses, log.read_text(errors="replace"))
    finally:
        for one in [*_workers(started), *started]:
            with suppress(psutil.Error, OSError):
                one.kill()


def _wait_for(started: list[subprocess.Popen[bytes]], log: Path, when: str) -> None:
    ends = time.monotonic() + MOST_SECONDS
    while when not in log.read_text(errors="replace"):
        if time.monotonic() > ends or all(one.poll() is not None for one in started):
            lines = log.read_text(errors="replace").splitlines()[-30:]
            raise RuntimeError("\n".join([f"{when!r} is not printed:", *lines]))
        time.sleep(0.1)


def _workers(started: list[subprocess.Popen[bytes]]) -> list[psutil.Process]:
    """Return the processes that train: those with a rank in their environment."""
    found = []
    for one in started:
        with suppress(psutil.Error):
            process = psutil.Process(one.pid)
            family = [process, *process.children(recursive=True)]
            found += [member for member in family if _rank(member) is not None]
    return found


def _rank(process: psutil.Process) -> int | None:
    with suppress(psutil.Error):
        rank = process.environ().get("RANK")
        return None if rank is None else int(rank)
    return None
