"""Where the path of an output leads: links are followed, and devices, pipes and open descriptors are recognised."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sketchfit.disk import DiskError
from sketchfit.errors import UserError
from sketchfit.remains import part_of

DESCRIPTORS = re.compile(r"/proc/(\d+)/(?:task/\d+/)?fd|/dev/fd")
"""Folders of open descriptors, links resolved; the number is that of the process."""


@dataclass(frozen=True)
class Destination:
    """What a path leads to.

    Attributes:
        path: a regular file or nothing yet, with links followed; or what must be written in place.
        in_place: a device, a pipe, a socket or an open descriptor: it is opened and written, never replaced.
        mode: permissions of the file that is there; None: there is none.
    """

    path: Path
    in_place: bool = False
    mode: int | None = None

    @classmethod
    def of(cls, path: Path) -> Destination:
        """Follow the links of a path.

        Raises:
            UserError: it leads to a folder, or its links lead in a circle.
        """
        parent = Path(os.path.realpath(path.parent))
        if DESCRIPTORS.fullmatch(str(parent)):
            return cls(parent / path.name, in_place=True)
        if os.path.islink(path):  # noqa: PTH114 - False also where the name is too long, which `stat` reports
            return cls._linked(path, parent)
        try:
            found = path.stat()
        except FileNotFoundError:
            return cls(path)
        except OSError as error:
            raise _unusable(path, error) from error
        if stat.S_ISDIR(found.st_mode):
            raise UserError(f"{path} is a folder, and a file is written here", "Name a file.")
        return cls(path, in_place=not stat.S_ISREG(found.st_mode), mode=stat.S_IMODE(found.st_mode))

    @classmethod
    def in_folder(cls, path: Path) -> Destination:
        """Take what is in the place of a file of one of sketchfit's own folders: a link is replaced.

        Raises:
            UserError: it is a folder.
        """
        try:
            found = path.lstat()
        except OSError:  # there is nothing, or writing finds out why
            return cls(path)
        if stat.S_ISDIR(found.st_mode):
            raise UserError(f"{path} is a folder, and a file is written here", "Name a file.")
        return cls(path, mode=stat.S_IMODE(found.st_mode) if stat.S_ISREG(found.st_mode) else None)

    @classmethod
    def _linked(cls, link: Path, parent: Path) -> Destination:
        try:
            link.stat()
        except FileNotFoundError:
            pass  # a link to a file that is not there yet
        except OSError as error:
            raise _unusable(link, error) from error
        return cls.of(parent / link.readlink())

    def fill(self, source: Path) -> None:
        """Write the content of a file to what is written in place."""
        if (number := self._own_descriptor()) is not None:
            for stream in (sys.stdout, sys.stderr):  # what was printed before comes first
                if stream is not None:
                    stream.flush()
            descriptor = os.dup(number)
        else:
            descriptor = os.open(self.path, os.O_WRONLY)
        # A reader that has left has what it wants.
        with suppress(BrokenPipeError), source.open("rb") as read, os.fdopen(descriptor, "wb") as write:
            shutil.copyfileobj(read, write)

    def _own_descriptor(self) -> int | None:
        """Return the number of a descriptor of this process: some, such as sockets, can't be opened by their path."""
        folder = DESCRIPTORS.fullmatch(str(self.path.parent))
        own = folder is not None and folder[1] in (None, str(os.getpid()))
        return int(self.path.name) if own and self.path.name.isdecimal() else None


@contextmanager
def usable(place: Path) -> Iterator[None]:
    """Raise what the system reports of an output, of its part, or of a folder above as the user's mistake.

    Args:
        place: file or folder that the block writes.

    Raises:
        UserError: one of them cannot be made or written.
    """
    part = part_of(place)
    try:
        yield
    except DiskError:
        raise
    except OSError as error:
        if not isinstance(error.filename, str) or Path(error.filename) not in (place, part, *place.parents):
            raise
        raise _unusable(place, error) from error


def _unusable(path: Path, error: OSError) -> UserError:
    why = "its links lead in a circle" if error.errno == errno.ELOOP else error.strerror or str(error)
    return UserError(f"{path} cannot be written: {why}", "Name another place.")
