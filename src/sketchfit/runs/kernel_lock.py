"""The kernel's lock of a file: it ends with its process, however that ends."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Literal

from sketchfit.moving import delete_file
from sketchfit.own_system import WINDOWS

Found = Literal["locked", "busy", "unsupported"]

UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, 524}
"""Of file systems without locks: NFS without its lock service (524: ENOTSUPP within the kernel), sshfs, some of cloud
storage, Lustre."""


class KernelLock:
    """A lock of a file.

    Args:
        path: of the file, which is made where it is missing; never a link.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._file = path, -1

    def acquire(self) -> Found:
        """Lock the file without waiting.

        Raises:
            OSError: the file cannot be made.
        """
        while True:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
            try:
                found = _lock(file)
                if found != "locked" or _is_at(file, self._path):
                    self._file = file if found == "locked" else -1
                    return found
            finally:
                if self._file != file:  # another process has it, or has deleted it
                    os.close(file)

    def release(self, *, delete: bool) -> None:
        """End the lock; `delete` deletes its file before another process can lock it."""
        if delete and not WINDOWS:
            with suppress(OSError):
                delete_file(self._path)
        if self._file != -1:
            os.close(self._file)
            self._file = -1
        if delete and WINDOWS:
            with suppress(OSError):
                delete_file(self._path)


def _is_at(file: int, path: Path) -> bool:
    """Return whether a path still leads to an open file: a process that ends deletes it."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> Found:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return "busy"
        except OSError:
            return "unsupported"
        return "locked"

else:
    import fcntl

    def _lock(file: int) -> Found:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return "busy"
        except OSError as error:
            if error.errno in UNSUPPORTED:
                return "unsupported"
            raise
        return "locked"
