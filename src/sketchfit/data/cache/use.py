"""Which entries of a cache are in use, and when each was used last.

A process that uses an entry holds a shared lock of its marker, which ends with the process at the latest.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from sketchfit.data.cache.entries import LOCK, MARKER

MOST_HELD = 256
"""Entries that a process holds at most: each takes an open file, and systems allow about 1,000."""

_held: set[Path] = set()
"""Markers that this process has locked until it ends."""

if sys.platform == "win32":  # it refuses to delete what is open

    def _lock_shared(marker: Path) -> None:
        os.close(os.open(marker, os.O_RDWR | os.O_CREAT, 0o666))

    def _locked(marker: Path, array: Any) -> None:
        del array
        _lock_shared(marker)

    @contextmanager
    def _marker(stem: Path) -> Iterator[bool]:
        del stem
        yield True

else:
    import fcntl

    def _opened(marker: Path) -> int:
        try:
            return os.open(marker, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError:
            return os.open(marker, os.O_RDONLY | os.O_CLOEXEC)

    def _lock_shared(marker: Path) -> None:
        """Lock a marker, and share it, until this process ends."""
        fcntl.flock(_opened(marker), fcntl.LOCK_SH | fcntl.LOCK_NB)

    def _locked(marker: Path, array: Any) -> None:
        """Lock a marker, and share it, for as long as an array is open."""
        descriptor = _opened(marker)
        weakref.finalize(array.base, os.close, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)

    @contextmanager
    def _marker(stem: Path) -> Iterator[bool]:
        """Yield whether nobody has the marker of an entry locked."""
        marker = stem.with_name(stem.name + MARKER)
        if not marker.is_file():
            yield True
            return
        descriptor = os.open(marker, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
        finally:
            os.close(descriptor)


def mark_used(stem: Path, array: Any) -> None:
    """Note that an entry is used now, and for as long as its array is open.

    Args:
        stem: folder and common part of the names of the entry's files.
        array: mapped from one of them.
    """
    if array.base is None:
        return
    marker = stem.with_name(stem.name + MARKER)
    with suppress(OSError):  # a cache that is read-only, or without locks
        _locked(marker, array)
        os.utime(marker)


def hold(stem: Path) -> None:
    """Note that an entry is used now, and until this process ends: its files are opened by name at any time.

    Further entries than `MOST_HELD` only get the time of their use, by which the longest unused are deleted first.
    """
    marker = stem.with_name(stem.name + MARKER)
    with suppress(OSError):  # as in `mark_used`
        if len(_held) >= MOST_HELD and marker not in _held:
            marker.touch()
        elif marker not in _held or not marker.is_file():
            _lock_shared(marker)
            _held.add(marker)
        os.utime(marker)


@contextmanager
def unused(stem: Path) -> Iterator[bool]:
    """Yield whether nobody builds or uses an entry; nobody can begin to within the block."""
    lock = stem.with_name(stem.name + LOCK)
    try:
        with FileLock(lock, timeout=0) if lock.is_file() else nullcontext(), _marker(stem) as is_free:
            yield is_free
    except Timeout:
        yield False
