"""Files that are complete or absent: written next to their place, flushed to disk, then renamed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from sketchfit.checksum import sealed, unsealed
from sketchfit.destinations import Destination, usable
from sketchfit.disk import writing
from sketchfit.moving import delete_file, flush_to_disk, move
from sketchfit.regular import read_regular
from sketchfit.remains import clear_parts, part_of
from sketchfit.temporary import temporary_folder

MOST_JSON = 1 << 28
"""Bytes of a JSON file."""

NEW_FILE = 0o666
"""Permissions of a new file, from which the system takes away those of the umask."""


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path; on success it becomes `path`, on an error it is removed.

    For files in sketchfit's own folders, which may come from somebody else: a link in the place of the file is
    replaced, never followed. The file has the permissions of the umask; one that is replaced keeps its own.

    Raises:
        UserError: a folder is in the place of the file.
    """
    with _written(Destination.in_folder(path)) as temporary:
        yield temporary


@contextmanager
def output(path: Path) -> Iterator[Path]:
    """Yield a temporary path; on success its content becomes that of `path`, on an error it is removed.

    For files that the user names. As `atomic`, but links are followed, and a device, a pipe or an open descriptor is
    never replaced: the content is written elsewhere and then copied into it.

    Raises:
        UserError: the path leads to a folder, its links lead in a circle, or a file cannot be made there.
    """
    destination = Destination.of(path)
    if not destination.in_place:
        clear_parts(destination.path)
    with usable(destination.path), _written(destination) as temporary:
        yield temporary


@contextmanager
def _written(destination: Destination) -> Iterator[Path]:
    path = destination.path
    with writing(path):
        if destination.in_place:
            with temporary_folder() as folder:
                temporary = folder / path.name
                yield temporary
                destination.fill(temporary)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = part_of(path)
        try:
            with writing(path):  # before the part is deleted: the free space shows why it failed
                mode = _create(temporary)
                yield temporary
                flush_to_disk(temporary)
                _set_mode(temporary, mode if destination.mode is None else destination.mode)
                move(temporary, path)
                sync_folder(path.parent)
        finally:
            with suppress(OSError):  # there is none, or the file system has become read-only
                delete_file(temporary)


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to disk, so that a rename survives a power failure; not every system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _create(path: Path) -> int:
    """Make an empty file; return the permissions that the umask and the folder give it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, NEW_FILE)
    try:
        return os.fstat(descriptor).st_mode & 0o7777
    finally:
        os.close(descriptor)


def _set_mode(path: Path, mode: int) -> None:
    """Set permissions: some writers replace the file by one that only its owner may read."""
    if path.stat().st_mode & 0o7777 != mode:
        with suppress(OSError):  # some file systems have no permissions
            path.chmod(mode)


def write_text(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write text atomically; line ends stay unchanged."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding=encoding, newline="")


def write_output(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write a text to a file that the user names, see `output`; line ends stay unchanged."""
    with output(path) as temporary:
        temporary.write_text(text, encoding=encoding, newline="")


def write_json(path: Path, value: object) -> None:
    """Write JSON atomically; see `json_text`."""
    write_text(path, json_text(value))


def json_text(value: object) -> str:
    """Return JSON as it is written: indented, keys in the order given, a mapping with its checksum, NaN refused."""
    plain = json.loads(json.dumps(value, allow_nan=False, default=to_json_value))
    content = sealed(plain) if isinstance(plain, dict) else plain
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def read_json(path: Path) -> Any:
    """Read JSON; a mapping comes without its checksum.

    Raises:
        OSError: there is no such file, or it is no regular one or too large.
        ValueError: it is no JSON, or its content does not match its checksum.
    """
    try:
        return unsealed(json.loads(read_regular(path, MOST_JSON).decode("utf-8")))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def to_json_value(value: object) -> object:
    """Return a NumPy value or a path as what `json` can write.

    Raises:
        TypeError: another type.
    """
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return value.as_posix()
    raise TypeError(f"{type(value).__name__} can't be written as JSON")
