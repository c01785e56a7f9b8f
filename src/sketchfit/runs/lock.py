"""One writer per folder: a command that writes into a folder locks it, and a second one is refused.

The lock is the kernel's, so it ends with its process, even after SIGKILL. File systems of a network may not share it
between hosts, and some have no locks: there the file `.writer.json`, whose time is renewed every few seconds, shows
that another process writes.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from sketchfit.errors import RunError, UserError
from sketchfit.interruption import request_stop
from sketchfit.moving import delete_file
from sketchfit.own_system import boot, scope
from sketchfit.redact import this_command
from sketchfit.remains import is_alive
from sketchfit.runs.artefact import Artefact
from sketchfit.runs.inside import refuse_linked_folders
from sketchfit.runs.kernel_lock import KernelLock
from sketchfit.runs.launchers import is_first_process
from sketchfit.runs.marks import LOCK, MARK, mark_results
from sketchfit.runs.state import RUN_FILES
from sketchfit.tracking.console import duration

log = logging.getLogger(__name__)

BEAT = 15.0
"""Seconds between two renewals of the time of `.writer.json`."""

STALE = 120.0
"""Seconds without a renewal after which a process of another host counts as dead."""

SETTLING = 0.2
"""Seconds after which a process that begins at the same time has written its `.writer.json`."""


class Writer(Artefact):
    """The process that writes into a folder; there is such a file only while it does, and after it was killed.

    Attributes:
        pid: number of the process.
        host: name of its machine.
        boot: names the start of the machine's system; empty where that is not known.
        scope: names the processes that see one another's numbers, such as those of one container; earlier versions did
            not write it.
        command: that it runs.
        started: when it began, in seconds since 1970.
    """

    PLACE = ".writer.json"
    pid: int
    host: str
    boot: str = ""
    scope: str = ""
    command: str = ""
    started: float

    @classmethod
    def this(cls) -> Self:
        """Return this process."""
        place = {"host": socket.gethostname(), "boot": boot(), "scope": scope()}
        return cls(pid=os.getpid(), **place, command=this_command(), started=time.time())

    @property
    def is_here(self) -> bool:
        """Whether it is, or was, a process of this machine since its start: the kernel then knows whether it lives."""
        if (here := boot()) and self.boot:
            return self.boot == here
        return self.host == socket.gethostname()

    @property
    def may_live(self) -> bool:
        """Whether it may still run; that of another container is not known."""
        return self.scope not in ("", scope()) or is_alive(self.pid)

    def __str__(self) -> str:
        since = duration(max(0.0, time.time() - self.started))
        command = f" ({self.command})" if self.command else ""
        return f"process {self.pid} on {self.host}, for {since}{command}"


@contextmanager
def one_writer(folder: Path) -> Iterator[None]:
    """Lock a folder for this process while the block writes into it; the folder is made where it is missing.

    Of several processes of one training only the first locks it. The folder is marked (see `marks`), unless it has
    files of others. A folder that this made and that stayed empty is removed.

    Raises:
        UserError: another process writes into it, or it cannot be written to.
    """
    if not is_first_process(os.environ):
        yield
        return
    if any((folder / name).exists() for name in (MARK, *RUN_FILES)):  # the folder may come from somebody else
        refuse_linked_folders(folder)
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    lock, by_kernel = _locked(folder)
    try:
        with _announced(folder, by_kernel):
            yield
    finally:
        _release(lock, folder, missing)


def _locked(folder: Path) -> tuple[KernelLock, bool]:
    """Return the lock of a folder, and whether the kernel keeps it; some file systems have no locks."""
    lock = KernelLock(folder / LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = lock.acquire()
    except OSError as error:
        reason = error.strerror or error
        raise RunError(f"{folder} cannot be written to: {reason}", "Choose another folder with --out.") from error
    if found == "busy":
        time.sleep(SETTLING)  # the other process may just have begun
        raise _in_use(folder, _known(folder))
    try:
        _check_others(folder, by_kernel=found == "locked")
        mark_results(folder)
    except BaseException:
        lock.release(delete=False)
        raise
    return lock, found == "locked"


def _check_others(folder: Path, by_kernel: bool) -> None:
    """Look at the process that wrote here before and did not end in order, or still writes where there are no locks."""
    before = _known(folder)
    if before is None:
        return
    silent = _silence(folder)
    may_live = not before.is_here or (not by_kernel and before.may_live)
    if may_live and silent < STALE:
        raise _in_use(folder, before)
    log.info(f"note: {folder}: {before} has ended early; it was last active {duration(silent)} ago")


def _silence(folder: Path) -> float:
    """Return the seconds since the last renewal, both times by the clock of the folder's file system."""
    try:
        os.utime(folder / LOCK)
        return max(0.0, (folder / LOCK).stat().st_mtime - (folder / Writer.PLACE).stat().st_mtime)
    except OSError:  # it has just ended
        return STALE


def _in_use(folder: Path, writer: Writer | None) -> RunError:
    who = "another process" if writer is None else str(writer)
    return RunError(
        f"{folder} is being written to by {who}", "Wait until it has ended, or choose another folder with --out."
    )


def _known(folder: Path) -> Writer | None:
    try:
        return Writer.find(folder)
    except UserError:  # half of it, after a crash of the machine
        return None


@contextmanager
def _announced(folder: Path, by_kernel: bool) -> Iterator[None]:
    """Keep `.writer.json` up to date while the block runs.

    Raises:
        UserError: without a lock of the kernel, another process has begun at the same time.
    """
    own, ended = Writer.this(), threading.Event()
    own.write(folder)
    if not by_kernel:
        log.info(f"note: {folder}: the file system has no locks; {Writer.PLACE} shows others that this command writes")
        time.sleep(SETTLING)
        if (other := _known(folder)) is not None and other != own:
            raise _in_use(folder, other)
    thread = threading.Thread(target=_renew, args=(folder, own, ended), name="sketchfit-writer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        if _known(folder) in (own, None):
            with suppress(OSError):
                delete_file(folder / Writer.PLACE)


def _renew(folder: Path, own: Writer, ended: threading.Event) -> None:
    """Renew the time; stop this process where another one took it for dead and writes now."""
    while not ended.wait(BEAT):
        other = _known(folder)
        if other is not None and other != own:
            log.warning(f"{folder} is now written to by {other}: this command stops")
            request_stop()
            return
        with suppress(OSError):
            os.utime(folder / Writer.PLACE)


def _release(lock: KernelLock, folder: Path, missing: list[Path]) -> None:
    names: set[str] = set()
    with suppress(OSError):
        names = {one.name for one in folder.iterdir()}
    if names <= {LOCK, MARK}:
        with suppress(OSError):
            delete_file(folder / MARK)
    lock.release(delete=names <= {LOCK, MARK} or MARK not in names)
    with suppress(OSError):
        for one in missing:
            one.rmdir()
