"""Files and folders that were being written by processes that were killed."""

from __future__ import annotations

import math
import re
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

REMAINS = re.compile(r"\..+\.(\d+)\.part")
"""Name of a file that was being written (see `sketchfit.files.atomic`), with the number of the process."""


def clear_remains(paths: Iterable[Path], least_age: float = 0.0) -> None:
    """Delete those of some paths that are the half-written files of processes that have ended.

    Args:
        paths: of any files and folders.
        least_age: seconds since their last change: where processes of other hosts write, too, whether they have ended
            is not known.
    """
    for path in paths:
        name = REMAINS.fullmatch(path.name)
        if name is None or is_alive(int(name[1])) or _age(path) < least_age:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


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
