"""Errors of a disk that takes no more, whichever library raises them, as one sentence; and space reserved in advance.

Some libraries hide the system's error: safetensors and torch raise other errors, with a text.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sketchfit.errors import UserError
from sketchfit.own_system import WINDOWS
from sketchfit.wording import size_text

REASONS = {
    errno.ENOSPC: "no space is left",
    errno.EDQUOT: "your quota is used up",
    errno.EFBIG: "files may not become so large",
    errno.EROFS: "the file system is read-only",
    errno.EIO: "writing fails (a quota, or a fault of the disk)",
}
"""What each error of the system means, by its number."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""Of them, those that only a write raises."""

ADVICE = {
    errno.ENOSPC: "Free some space (`sketchfit cache clear` deletes image stores and features)",
    errno.EDQUOT: "Free some space (`sketchfit cache clear` deletes image stores and features)",
    errno.EFBIG: "Allow larger files (`ulimit -f unlimited`)",
    errno.EROFS: "Make the file system writable",
}
"""What to do, by the number."""

TEXTS = {
    errno.ENOSPC: r"No space left on device|os error 28\b|not enough space on the disk|database or disk is full",
    errno.EDQUOT: r"[Dd]isk quota exceeded|os error 122\b",
    errno.EFBIG: r"File too large|os error 27\b",
    errno.EROFS: r"[Rr]ead-only file system|os error 30\b",
}
"""In the messages of libraries that hide the system's error."""

if WINDOWS:
    TEXTS[errno.ENOSPC] += r"|os error (39|112)\b"

NO_REASON = r"PytorchStreamWriter failed writing|inline_container.*unexpected pos|iostream error"
"""In the messages of torch where a write fails, for whatever reason."""

LITTLE = 1 << 26
"""Bytes: where less is free, a write without a reason has failed for lack of space."""

UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENODEV)
"""Errors of a file system that cannot reserve space."""

SHOWN = 80
"""Characters of a path that is too long."""

STEP = 1 << 20
"""Bytes written at once where space cannot be reserved otherwise."""


class DiskError(OSError):
    """A file that cannot be written because its disk takes no more.

    Args:
        number: of the system's error, one of `REASONS`.
        place: the file, or its folder; None where it is not known.
        needed: bytes of the file, where they are known.
    """

    def __init__(self, number: int, place: Path | None, needed: int | None = None) -> None:
        super().__init__(number, os.strerror(number), str(place or ""))
        self.place, self.needed = place, needed

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the arguments: training processes send it."""
        return DiskError, (self.errno, self.place, self.needed)

    def explained(self) -> UserError:
        """Return what is wrong, with the sizes, and what to do."""
        text = REASONS.get(self.errno or 0, str(self.strerror))
        if self.place is not None:
            text = f"{self.place} cannot be written: {text}"
        if self.place is not None and self.errno in (errno.ENOSPC, errno.EDQUOT):
            folder = existing_folder(self.place)
            free = size_text(shutil.disk_usage(folder).free)
            text += f" in {folder} ({free} free{f', {size_text(self.needed)} needed' if self.needed else ''})"
        what = ADVICE.get(self.errno or 0, "Look at the disk and at its quota")
        return UserError(
            text,
            f"{what}, or choose another place: --out for results, SKETCHFIT_CACHE for image stores, TMPDIR for "
            "temporary files. Then run the same command again: what is finished is not done again.",
        )


def disk_error(error: BaseException, place: Path | None = None, needed: int | None = None) -> DiskError | None:
    """Return an error as one of the disk, or None if it is another one.

    Args:
        error: of any library.
        place: what was written, where the error does not name it.
        needed: bytes of the file, where they are known.
    """
    if isinstance(error, DiskError):
        return error
    if isinstance(error, UserError):
        return None
    if re.search(NO_REASON, str(error)) and error.__context__ is not None:  # torch fails again while it closes the file
        found = disk_error(error.__context__, place, needed)
        if found is not None:
            return found
    number = error.errno if isinstance(error, OSError) and error.errno in FULL else _number_of(str(error), place)
    if number is None:
        return None if error.__cause__ is None else disk_error(error.__cause__, place, needed)
    named = error.filename if isinstance(error, OSError) else None
    return DiskError(number, place or (Path(os.fsdecode(named)) if isinstance(named, str | bytes) else None), needed)


def _number_of(text: str, place: Path | None) -> int | None:
    """Return the number of the system's error that a library's message means; None for others."""
    for number, words in TEXTS.items():
        if re.search(words, text):
            return number
    if place is None or not re.search(NO_REASON, text):
        return None
    return errno.ENOSPC if shutil.disk_usage(existing_folder(place)).free < LITTLE else errno.EIO


@contextmanager
def writing(place: Path, needed: int | None = None) -> Iterator[None]:
    """Raise what goes wrong because of the disk while the block writes a file as a `DiskError` that names it."""
    try:
        yield
    except Exception as error:
        found = disk_error(error, place, needed)
        if found is None or found is error:
            raise
        raise found from error


@contextmanager
def as_user_error() -> Iterator[None]:
    """Raise a disk that takes no more, and a path with too long a name, as a `UserError`."""
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            start = os.fsdecode(error.filename or "")[:SHOWN]
            raise UserError(
                f"the path {start}… has too long a name", "Name one file or folder per argument."
            ) from error
        if (found := disk_error(error)) is None:
            raise
        raise found.explained() from error


def check_free(place: Path, needed: int) -> None:
    """Compare what will be written with the free space, before work.

    Args:
        place: a file or folder, existing or not.
        needed: bytes.

    Raises:
        DiskError: there is less space; nothing where the file system does not know.
    """
    usage = shutil.disk_usage(existing_folder(place))
    if usage.total and usage.free < needed:
        raise DiskError(errno.ENOSPC, place, needed)


def reserve(path: Path) -> None:
    """Give a new file all its space. Otherwise a full disk ends the process when a mapped page is written.

    After its first megabyte the file must be a hole, as `open_memmap` makes it.

    Raises:
        DiskError: there is no space for it.
    """
    size = path.stat().st_size
    with writing(path, size), path.open("r+b") as file:
        if _allocated(file.fileno(), size):
            return
        begin = file.read(STEP)
        file.seek(0)
        file.write(begin)
        for start in range(STEP, size, STEP):
            file.write(bytes(min(STEP, size - start)))
        file.flush()
        os.fsync(file.fileno())


def _allocated(descriptor: int, size: int) -> bool:
    """Give a file its space; return whether its file system can do so.

    Not by `os.posix_fallocate`: where the file system cannot, it writes a byte to each block, one after the other.

    Raises:
        OSError: there is no space.
    """
    try:
        fallocate = ctypes.CDLL(None, use_errno=True).fallocate
    except (AttributeError, OSError, TypeError):  # only Linux has it
        return False
    fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_longlong, ctypes.c_longlong)
    while fallocate(descriptor, 0, 0, size):
        number = ctypes.get_errno()
        if number in UNSUPPORTED:
            return False
        if number != errno.EINTR:
            raise OSError(number, os.strerror(number))
    return True


def existing_folder(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    path = path.resolve()
    return next(place for place in (path, *path.parents) if place.is_dir())
