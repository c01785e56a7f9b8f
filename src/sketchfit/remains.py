"""Files and folders that are being written, and those that processes left behind when they were killed."""

from __future__ import annotations

import glob
import hashlib
import math
import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from sketchfit.moving import delete_file, delete_folder, move
from sketchfit.own_system import scope

REMAINS = re.compile(r"\.(?P<name>.+)\.(?P<process>\d+)(?:-(?P<scope>[0-9a-f]{8}))?(?P<old>\.old)?\.part")
"""Name of what is being written, with the number of the process and its `scope`, which earlier versions left out; with
`.old`, name of a folder that is being replaced."""

ABANDONED = 600.0
"""Seconds without a change after which a file that a process of another host writes counts as left behind: a single
file takes seconds."""

LONGEST = 200
"""Bytes of a name to which the ending of a part is added: file systems allow 255."""


def part_of(path: Path) -> Path:
    """Return where a file or folder is written before it takes its place: next to it, with the name of this process.

    Examples:
        >>> part_of(Path("runs/oof.npz")).name.startswith(".oof.npz.")
        True
    """
    return path.with_name(f".{_short(path.name)}{part_ending()}")


def earlier_of(path: Path) -> Path:
    """Return where a folder is moved while another one takes its place; `clear_remains` puts it back.

    Examples:
        >>> earlier_of(Path("runs/bundle")).name.endswith(".old.part")
        True
    """
    part = part_of(path)
    return part.with_name(f"{part.stem}.old.part")


def part_ending() -> str:
    """Return the ending of the name of what this process writes."""
    return f".{os.getpid()}-{scope()}.part"


def clear_parts(path: Path) -> None:
    """Delete what killed processes left of a file or folder next to it, or put it back; see `clear_remains`."""
    clear_remains(path.parent.glob(f".{glob.escape(_short(path.name))}.*.part"), least_age=ABANDONED)


def _short(name: str) -> str:
    """Return a name; the digest of a long one."""
    data = os.fsencode(name)
    return name if len(data) <= LONGEST else hashlib.blake2b(data, digest_size=16).hexdigest()


def clear_remains(paths: Iterable[Path], least_age: float = 0.0) -> None:
    """Delete those of some paths that are the half-written files and folders of processes that have ended.

    A folder that such a process was replacing is put back where nothing has taken its place. Those of this host's
    processes are deleted at once. Whether a process of another host or container has ended is not known: its files
    count as left behind when they have not changed for some time, its folders never, because their time is not that of
    the files in them.

    Args:
        paths: of any files and folders.
        least_age: seconds since the last change of files of other hosts. 0: nobody else writes here.
    """
    for path in paths:
        found = REMAINS.fullmatch(path.name)
        if found is None or not _is_left(path, int(found["process"]), found["scope"], least_age):
            continue
        if found["old"] and not os.path.lexists(place := path.with_name(found["name"])):
            with suppress(OSError):  # it stays, as what prevented its process may prevent this one
                move(path, place)
        elif path.is_dir() and not path.is_symlink():
            delete_folder(path, ignore_errors=True)
        else:
            with suppress(OSError):  # of a file system that is read-only
                delete_file(path)


def _is_left(path: Path, process: int, of: str | None, least_age: float) -> bool:
    """Return whether nobody writes a file or folder any more."""
    if of == scope():
        return not is_alive(process)
    if of is None and is_alive(process):  # an earlier version did not write down whose process it was
        return False
    return not least_age or (not path.is_dir() and _age(path) >= least_age)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:  # another process has deleted it
        return math.inf


def is_alive(process: int) -> bool:
    """Return whether a process of this host runs."""
    try:
        return bool(psutil.pid_exists(process))
    except OverflowError:  # no process has such a number
        return False
