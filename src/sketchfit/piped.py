"""Processes that run a module of this package, with pipes to and from them. They end when their input is closed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from sketchfit.interruption import save_signals_blocked


def module_command(module: str) -> list[str]:
    """Return the command of a module; with `-P` it imports nothing from the folder in which the user is."""
    return [sys.executable, "-P", "-m", module]


@dataclass(frozen=True)
class PipedProcess:
    """A process, and the pipes to and from it."""

    process: subprocess.Popen[bytes]
    requests: IO[bytes]
    messages: IO[bytes]

    @classmethod
    def start(cls, command: Sequence[str], variables: Mapping[str, str], *, own_session: bool = False) -> PipedProcess:
        """Start a process.

        Args:
            command: see `module_command`.
            variables: of its environment, next to those of this process.
            own_session: whether signals to the group of this process, as by Ctrl-C, do not reach it.

        Raises:
            OSError: it cannot be started.
        """
        with save_signals_blocked():  # they would end a process that still imports
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | variables,
                start_new_session=own_session,
            )
        assert process.stdin is not None
        assert process.stdout is not None
        return cls(process, process.stdin, process.stdout)

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.requests, self.messages):
            with suppress(OSError):  # what was not sent is not sent any more
                pipe.close()
