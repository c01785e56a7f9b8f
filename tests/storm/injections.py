"""Faults at the N-th system call of a command: SIGKILL before it, or "no space left" from it on."""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from tests.storm.places import Place
from tests.storm.process import TOO_LONG, Child, Finished, start
from tests.storm.seccomp import Call, Listener, hold

Operation = Literal["write", "rename", "fsync", "unlink"]

OPERATIONS: dict[Operation, tuple[str, ...]] = {
    "write": ("write", "pwrite64", "writev"),
    "rename": ("rename", "renameat", "renameat2"),
    "fsync": ("fsync", "fdatasync"),
    "unlink": ("unlink", "unlinkat", "rmdir"),
}
FILLING = ("write", "pwrite64", "writev", "fallocate")
"""Calls that need space."""


class Rule(Protocol):
    """Decides what happens at each call."""

    calls: Sequence[str]

    def decide(self, call: Call, path: str) -> int | None:
        """Return an error number (0: the call takes place), or None to kill the process before the call."""


@dataclass
class CountCalls:
    """Lets all calls take place, and counts those below some folders.

    Attributes:
        counts: calls of each operation.
        filling: calls that need space, of each of the folders.
    """

    folders: Sequence[Path]
    calls: Sequence[str] = tuple({name for names in OPERATIONS.values() for name in names} | set(FILLING))
    counts: Counter[str] = field(default_factory=Counter)
    filling: Counter[Path] = field(default_factory=Counter)

    def decide(self, call: Call, path: str) -> int | None:
        """Count."""
        for folder in self.folders:
            if is_below(path, folder):
                self.counts.update(name for name, calls in OPERATIONS.items() if call.name in calls)
                self.filling[folder] += call.name in FILLING
        return 0


@dataclass
class KillAt:
    """Kills the process before the N-th call, from 1, below some folders.

    Attributes:
        name: only calls whose path contains it count.
        seen: path of the call; empty where it did not come to it.
    """

    calls: Sequence[str]
    number: int
    folders: Sequence[Path]
    name: str = ""
    seen: str = ""

    def decide(self, call: Call, path: str) -> int | None:
        """Count down."""
        if self.name not in path or not any(is_below(path, folder) for folder in self.folders):
            return 0
        self.number -= 1
        if self.number:
            return 0
        self.seen = path
        return None


@dataclass
class FullFrom:
    """From the N-th call on, from 1, no call below a folder finds space.

    Attributes:
        seen: path of the first call that failed; empty where it did not come to it.
    """

    number: int
    folder: Path
    calls: Sequence[str] = FILLING
    seen: str = ""

    def decide(self, call: Call, path: str) -> int | None:
        """Count down, and fail from there on."""
        if not is_below(path, self.folder):
            return 0
        self.number -= 1
        if self.number > 0:
            return 0
        self.seen = self.seen or path
        return errno.ENOSPC


def is_below(path: str, folder: Path) -> bool:
    """Return whether a path, also of a file that was deleted, is below a folder."""
    return path.startswith(f"{folder}/")


def run_with(rule: Rule, arguments: Sequence[object], place: Place, log: str) -> Finished:
    """Run a command to its end while a rule decides its calls."""
    here, there = socket.socketpair()

    def before() -> None:
        here.close()
        hold(rule.calls, there)

    child = start(arguments, place.environment(), place.logs / log, before)
    there.close()
    with here:
        _, files, _, _ = socket.recv_fds(here, 1, 1)
    listener = Listener(files[0])
    try:
        return _answer_all(listener, child, rule)
    finally:
        listener.close()


def _answer_all(listener: Listener, child: Child, rule: Rule) -> Finished:
    while child.seconds < TOO_LONG:
        call = listener.receive(0.02)
        if call is None:
            if (finished := child.poll()) is not None:
                return finished
            continue
        error = rule.decide(call, call.path())
        if error is None:
            os.kill(child.pid, signal.SIGKILL)
            return child.wait()
        listener.answer(call, error)
    return child.kill_hung()
