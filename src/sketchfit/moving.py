"""Flushes, renames, links and deletes files where an open file can be neither renamed nor deleted: Windows.

There a virus scanner, an indexer or a reader holds a file for some milliseconds, and a read-only file cannot be
replaced. So each operation is tried again for about two seconds; on other systems it is tried once. A file that this
process has open or mapped must be closed first on every system.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from sketchfit.own_system import WINDOWS

PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8)
"""Seconds before each further try."""


def flush_to_disk(path: Path) -> None:
    """Flush the content of a file to disk; it is opened for writing, without which Windows refuses to flush."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def move(source: Path, target: Path) -> None:
    """Rename a file or folder; a file in its place is replaced.

    Raises:
        OSError: it cannot be renamed. On Windows also: it, the file in its place or a file in the folder stays open.
    """

    def rename() -> None:
        if WINDOWS and target.is_file():
            _make_writable(target)
        source.replace(target)

    _patiently(rename)


def delete_file(path: Path) -> None:
    """Delete a file or a link; nothing where there is none.

    Raises:
        OSError: it cannot be deleted. On Windows also: it stays open.
    """

    def delete() -> None:
        if WINDOWS and path.is_file() and not path.is_symlink():
            _make_writable(path)
        path.unlink(missing_ok=True)

    _patiently(delete)


def delete_folder(path: Path, *, ignore_errors: bool = False) -> None:
    """Delete a folder with all that is in it.

    Args:
        path: of the folder.
        ignore_errors: leave what cannot be deleted; nothing is waited for.

    Raises:
        OSError: it cannot be deleted, or there is none.
    """

    def failed(function: Callable[[str], Any], name: str, error: BaseException) -> None:
        if WINDOWS and isinstance(error, PermissionError):
            _make_writable(Path(name))
            with suppress(OSError) if ignore_errors else nullcontext():
                function(name)
        elif not ignore_errors:
            try:
                raise error
            finally:
                del error  # its traceback leads to this frame: the two would keep each other, and maps, alive

    def delete() -> None:
        if sys.version_info >= (3, 12):
            shutil.rmtree(path, onexc=failed)
        else:
            shutil.rmtree(path, onerror=lambda function, name, info: failed(function, name, info[1]))

    if ignore_errors:
        delete()
    else:
        _patiently(delete)


def link_folder(link: Path, folder: Path) -> None:
    """Make a link to a folder; a copy of it where the system has no links, or allows them only to administrators.

    Raises:
        OSError: neither can be made.
    """
    try:
        _make_link(link, folder)
    except OSError:
        shutil.copytree(folder, link)


if sys.platform == "win32":
    import _winapi

    def _make_link(link: Path, folder: Path) -> None:
        _winapi.CreateJunction(str(folder), str(link))  # needs no permission, as a symbolic link does

else:

    def _make_link(link: Path, folder: Path) -> None:
        link.symlink_to(folder, target_is_directory=True)


def _make_writable(path: Path) -> None:
    with suppress(OSError):
        path.chmod(path.stat().st_mode | stat.S_IWRITE)


def _patiently(action: Callable[[], None]) -> None:
    for pause in PAUSES if WINDOWS else ():
        try:
            return action()
        except PermissionError:
            time.sleep(pause)
    return action()
