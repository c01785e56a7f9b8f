"""Reading files that a user names: regular ones only, and no more than a limit.

A named pipe would wait for ever, a device has no end, and a file with holes can be larger than any memory.
"""

from __future__ import annotations

import errno
import os
import stat
import zipfile
from pathlib import Path
from typing import BinaryIO

FREE, MOST_FACTOR = 1 << 25, 100
"""A ZIP archive may expand to so many bytes, or to so many times its size."""


def what_it_is(mode: int) -> str:
    """Return what a file is, by the mode in its status.

    >>> what_it_is(stat.S_IFIFO), what_it_is(stat.S_IFREG)
    ('a named pipe', 'a file')
    """
    kinds = {
        stat.S_IFREG: "a file",
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "a special file")


def check_regular(path: Path | str, limit: int | None = None) -> os.stat_result:
    """Return the status of a regular file, without opening it.

    Raises:
        OSError: it does not exist, is no regular file, or has more bytes than the limit; `strerror` is the reason.
    """
    status = os.stat(path)  # noqa: PTH116 - called for every file of a folder
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, f"it is {what_it_is(status.st_mode)}, not a file", str(path))
    if limit is not None and status.st_size > limit:
        raise OSError(errno.EINVAL, f"{status.st_size:,} bytes are more than the limit of {limit:,}", str(path))
    return status


def open_regular(path: Path | str, limit: int | None = None) -> BinaryIO:
    """Open a regular file for reading; see `check_regular`."""
    check_regular(path, limit)
    return open(path, "rb")  # noqa: PTH123


def read_regular(path: Path | str, limit: int) -> bytes:
    """Return the content of a regular file; see `check_regular`."""
    status = check_regular(path, limit)
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read(status.st_size)  # what another process adds now is not read


def check_archive(path: Path) -> None:
    """Refuse a ZIP archive that expands to many times its size.

    Raises:
        OSError: it does, or is no regular file.
        zipfile.BadZipFile: it is damaged.
    """
    size = check_regular(path).st_size
    with zipfile.ZipFile(path) as archive:
        check_expansion(archive, size)


def check_expansion(archive: zipfile.ZipFile, size: int) -> None:
    """Refuse an open ZIP archive of so many bytes that expands to many times its size.

    Raises:
        OSError: it does.
    """
    expanded = sum(part.file_size for part in archive.infolist())
    if expanded > max(FREE, MOST_FACTOR * size):
        raise OSError(errno.EINVAL, f"its {size:,} bytes expand to {expanded:,}", archive.filename)
