"""Commands in forked processes: the parent has imported everything, so a command costs no import.

The parent has one thread and never uses torch. A child that ends does what an interpreter does at its end: it prints a
traceback, joins threads and calls exit functions.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import io
import os
import pkgutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

POLL = 0.004
"""Seconds between two looks at a process."""

TOO_LONG = 120.0
"""Seconds after which a command counts as hung."""

TOO_LARGE = 3000.0
"""MB of memory after which a command is killed: other programs need some."""


@dataclass(frozen=True)
class Finished:
    """How a command ended.

    Attributes:
        status: exit status; negative where a signal ended it.
        out, err: what it printed.
        seconds: from its start.
        peak: most memory in MB, including what the parent has imported.
        hung: it took too long or too much memory, and was killed.
    """

    status: int
    out: str
    err: str
    seconds: float
    peak: float
    hung: bool = False

    @property
    def printed(self) -> str:
        """Both outputs."""
        return self.out + self.err


def import_everything() -> int:
    """Import all modules of the package and what they import late; return the number of threads of this process."""
    import sketchfit

    for module in pkgutil.walk_packages(sketchfit.__path__, "sketchfit."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # of an optional package
                importlib.import_module(module.name)
    for name in ("sklearn.linear_model", "sklearn.cluster", "scipy.stats", "scipy.optimize", "pyarrow.parquet", "timm"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    return len(list(Path("/proc/self/task").iterdir()))


class Child:
    """A command at work."""

    def __init__(self, pid: int, log: Path) -> None:
        self.pid = pid
        self._log = log
        self._began = time.monotonic()
        self._finished: Finished | None = None

    @property
    def seconds(self) -> float:
        """Since its start."""
        return time.monotonic() - self._began

    def poll(self) -> Finished | None:
        """Return how it ended, or None while it is at work."""
        if self._finished is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self._finished = self._end(os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024, False)
        return self._finished

    def send(self, number: int) -> bool:
        """Send a signal; return whether the process was still at work."""
        if self.poll() is not None:
            return False
        os.kill(self.pid, number)
        return True

    def wait(self, seconds: float = TOO_LONG) -> Finished:
        """Wait for the end; kill it where it takes longer, or too much memory."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if (finished := self.poll()) is not None:
                return finished
            if self.memory() > TOO_LARGE:
                break
            time.sleep(POLL)
        return self.kill_hung()

    def memory(self) -> float:
        """Return the resident memory in MB."""
        with contextlib.suppress(OSError):
            pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
            return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6
        return 0.0

    def kill_hung(self) -> Finished:
        """Kill a process that takes too long."""
        os.kill(self.pid, signal.SIGKILL)
        _, status, usage = os.wait4(self.pid, 0)
        self._finished = self._end(os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024, True)
        return self._finished

    def _end(self, status: int, peak: float, hung: bool) -> Finished:
        with contextlib.suppress(ProcessLookupError):  # processes that it started
            os.killpg(self.pid, signal.SIGKILL)
        out, err = (self._log.with_suffix(f".{name}").read_text("utf-8", "replace") for name in ("out", "err"))
        return Finished(status, out, err, self.seconds, peak, hung)


def start(
    arguments: Sequence[object], environment: Mapping[str, str], log: Path, before: Callable[[], None] | None = None
) -> Child:
    """Start `sketchfit ARGUMENTS` in a forked process.

    Args:
        arguments: of the command line.
        environment: added to this process's.
        log: path without suffix; standard output goes to `.out`, standard error to `.err`.
        before: called in the child before the command.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            _redirect(log)
            os.environ.update(environment)
            tempfile.tempdir = None
            if before is not None:
                before()
            status = _command([str(one) for one in arguments])
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return Child(pid, log)


def _redirect(log: Path) -> None:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for number, name in ((1, "out"), (2, "err")):
        file = os.open(log.with_suffix(f".{name}"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    sys.stdout = io.TextIOWrapper(open(1, "wb", closefd=False), encoding="utf-8")  # noqa: SIM115
    sys.stderr = io.TextIOWrapper(open(2, "wb", closefd=False), encoding="utf-8", write_through=True)  # noqa: SIM115


def _command(arguments: list[str]) -> int:
    """Call the command line, and end as an interpreter does."""
    from sketchfit.cli.main import main

    sys.argv = ["sketchfit", *arguments]
    status: object = 0
    try:
        main()
    except SystemExit as end:
        status = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    return status if isinstance(status, int) else int(status is not None)
