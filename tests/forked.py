"""The command line in separate processes that need not import torch again: forked from one that has done so."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

Answer = TypeVar("Answer")

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["sketchfit.cli.main", "sketchfit.commands.run", "sketchfit.commands.predict", "pytest"]
)


def nothing() -> None:
    """Do nothing before a command."""


class ForkedCommand:
    """A running command, with the methods of `subprocess.Popen`; a separate group of processes."""

    def __init__(
        self,
        arguments: list[str],
        log: Path,
        environment: Mapping[str, str],
        before: Callable[[], None] = nothing,
    ) -> None:
        given = ["sketchfit", *arguments], log, {**os.environ, **environment}, before
        self._process = _CONTEXT.Process(target=_run, args=given, daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        status = self.poll()
        assert status is not None, "the command still runs"
        return status

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)


def forked_answer(function: Callable[..., Answer], *given: Any, timeout: float = 60) -> Answer:
    """Call a function of a module in a separate process; return what it returns."""
    receiver, sender = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_answer, args=(sender, function, given), daemon=True)
    process.start()
    sender.close()
    try:
        assert receiver.poll(timeout), "no answer in time"
        answer: Answer = receiver.recv()
    finally:
        process.kill()
        process.join()
    return answer


def _answer(sender: Any, function: Callable[..., Any], given: tuple[Any, ...]) -> None:
    sender.send(function(*given))


def _run(arguments: list[str], log: Path, environment: dict[str, str], before: Callable[[], None]) -> None:
    os.setsid()
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    sys.argv = arguments
    from sketchfit.cli.main import main

    before()
    try:
        main()
    finally:
        atexit._run_exitfuncs()
