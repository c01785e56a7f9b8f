"""What a cache holds: one entry per image store, features, maps, copy of remote data and so on, with all its files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sketchfit.moving import delete_file, delete_folder, move
from sketchfit.remains import part_of

KINDS = {
    "store": "stores",
    "features": "features",
    "maps": "maps",
    "audit": "audits",
    "copies": "audits",
    "normalisation": "measurements",
    "autotune": "measurements",
}
"""Kind of an entry, by the beginning of its name."""

REMOTE = "remote"
"""Kind of the copies of remote data, and folder in the cache that they are in, each in a folder."""

ADDRESS = "address.txt"
"""File next to a copy with the address of the data, without credentials."""

PARTS = "unfinished"
"""Kind of what was not finished, by a process that runs or was killed."""

LOCK, MARKER = ".lock", ".used"
"""Ends of the names of the lock of an entry, and of the file whose time is that of its last use."""

_NAME = re.compile(rf"({'|'.join(KINDS)})(-[^.]+)?(\.[a-z]+)*")
_PART = re.compile(rf"\.({'|'.join(KINDS)})-?[^.]*\..*part(\.json)?")
_COPY = re.compile(r"([0-9a-f]{24})(\.[a-z]+)?")
_PART_OF_COPY = re.compile(r"\.[0-9a-f]{24}\..*part")


@dataclass(frozen=True)
class CacheEntry:
    """Files of a cache that belong together.

    Attributes:
        kind: one of the values of `KINDS`, `REMOTE` or `PARTS`.
        stem: folder and common part of the names.
        paths: files, and the folder of a store or copy.
        size: bytes of the files.
        used: time of the last use, in seconds.
    """

    kind: str
    stem: Path
    paths: tuple[Path, ...]
    size: int
    used: float

    @property
    def name(self) -> str:
        """For people: the address of remote data, else the common part of the names."""
        if self.kind == REMOTE:
            with suppress(OSError, ValueError):
                return (self.stem / ADDRESS).read_text(encoding="utf-8").strip()
        return self.stem.name

    def delete(self) -> None:
        """Delete it. Its lock stays, because another process may wait for it.

        Raises:
            OSError: it cannot be deleted.
        """
        moved: dict[Path, Path] = {}
        try:
            for path in sorted(self.paths, key=lambda one: one.suffix != ".json"):
                if path.suffix == LOCK:
                    continue
                if self.kind != PARTS and (path.is_dir() or path.suffix == ".json"):
                    # At once, so that no process opens half of it; an entry without its index is absent.
                    moved[path] = part_of(path)
                    move(path, moved[path])
                elif path.is_dir():
                    delete_folder(path)
                else:
                    delete_file(path)
        except OSError:  # a file of it is open, on Windows: it stays as it was
            for path, gone in moved.items():
                with suppress(OSError):
                    move(gone, path)
            raise
        for gone in moved.values():
            delete_folder(gone) if gone.is_dir() else delete_file(gone)


def cache_entries(cache: Path) -> list[CacheEntry]:
    """Return what a cache holds, the longest unused first; files of others are left out."""
    groups: dict[tuple[str, Path], list[Path]] = {}
    for path in cache.iterdir() if cache.is_dir() else ():
        if named := _NAME.fullmatch(path.name):
            groups.setdefault((KINDS[named[1]], path.with_name(path.name.split(".")[0])), []).append(path)
        elif _PART.fullmatch(path.name):
            groups.setdefault((PARTS, path.with_name(path.name.split(".")[1])), []).append(path)
    for path in (cache / REMOTE).iterdir() if (cache / REMOTE).is_dir() else ():
        if copy := _COPY.fullmatch(path.name):
            groups.setdefault((REMOTE, path.with_name(copy[1])), []).append(path)
        elif _PART_OF_COPY.fullmatch(path.name):
            groups.setdefault((PARTS, path.with_name(path.name.split(".")[1])), []).append(path)
    found = [_entry(kind, stem, paths) for (kind, stem), paths in groups.items()]
    return sorted((one for one in found if one is not None), key=lambda one: (one.used, one.stem))


def _entry(kind: str, stem: Path, paths: Sequence[Path]) -> CacheEntry | None:
    """Return the entry of some files; None if there is only a lock."""
    size, times = 0, [0.0]
    for path in (one for one in paths if one.suffix != LOCK):  # taking a lock is no use
        for status in _statuses(path):
            size += status.st_size
            times.append(status.st_mtime)
    held = [path for path in paths if path.suffix not in (LOCK, MARKER)]
    return CacheEntry(kind, stem, tuple(sorted(paths)), size, max(times)) if held else None


def _statuses(path: Path) -> Iterator[os.stat_result]:
    if not path.is_dir():
        with suppress(OSError):  # another process has deleted it
            yield path.stat()
        return
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                yield (Path(folder) / name).stat()
