"""List the data folder: each folder is read once, names are matched tolerantly, nothing outside is read."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sketchfit.data.images import IMAGE_SUFFIXES, is_image_name

_IGNORED_FOLDERS = ("__macosx",)


class PathError(Exception):
    """A name that cannot be used as a path; the message is the end of a sentence that begins with the name."""


def natural_key(name: str) -> tuple[tuple[int | str, ...], str]:
    """Return a sort key that puts `2.jpg` before `10.jpg`."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return tuple(int(part) if odd % 2 else part for odd, part in enumerate(parts)), name


def clean_path(name: str) -> str:
    """Return a table's path with forward slashes and without `.` and `..`.

    Raises:
        PathError: it is empty, absolute, or leaves its folder by `..`.
    """
    text = name.strip().replace("\\", "/")
    if not text:
        raise PathError("is empty")
    if "\0" in text:
        raise PathError("contains a zero byte")
    if text.startswith("/"):
        raise PathError("is an absolute path")
    parts: list[str] = []
    for part in text.split("/"):
        if part == "..":
            if not parts:
                raise PathError("leaves the data folder")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    if not parts:
        raise PathError("names no file")
    if re.match(r"[A-Za-z]:", parts[0]):  # a drive of Windows
        raise PathError("is an absolute path")
    return "/".join(parts)


def _key(name: str) -> str:
    # macOS stores Hangul and accents decomposed (NFD), tables have them composed (NFC).
    return unicodedata.normalize("NFC", name).casefold()


@dataclass(frozen=True)
class _Folder:
    files: frozenset[str]
    folders: frozenset[str]
    outside: frozenset[str]
    alike: dict[str, list[str]]
    stems: dict[str, list[str]]


@dataclass
class Listing:
    """Content of the data folder; each folder is read when it is needed, and remembered.

    Args:
        root: the data folder; may itself be a symbolic link. Links below it are followed while they stay inside.
    """

    root: Path
    _folders: dict[str, _Folder | None] = field(default_factory=dict, init=False)
    _real_root: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self._real_root = os.path.realpath(self.root)

    def find(self, path: str) -> str | None:
        """Return the file on disk for a cleaned path, relative to the root, or None if there is none.

        An exact match wins. Otherwise letter case and Unicode composition are ignored, and a missing image suffix is
        added, if only one file matches.

        Raises:
            PathError: the match is ambiguous, or goes through a link that leads outside.
        """
        folder, _, name = path.rpartition("/")
        within = self.find_folder(folder)
        content = None if within is None else self._content(within)
        if content is None:
            return None
        real = self._match(name, content, content.files, without_suffix=True)
        return None if real is None else _join(within or "", real)

    def find_folder(self, path: str) -> str | None:
        """Return the folder on disk for a cleaned path ("" is the root), or None.

        Raises:
            PathError: as for `find`.
        """
        within = ""
        for part in path.split("/") if path else ():
            content = self._content(within)
            real = None if content is None else self._match(part, content, content.folders)
            if real is None:
                return None
            within = _join(within, real)
        return within

    def folders(self, path: str = "") -> list[str]:
        """Return the names of the folders in a folder, sorted, without hidden ones."""
        content = self._content(path)
        return [] if content is None else sorted(name for name in content.folders if not _is_ignored(name))

    def files(self, path: str = "") -> list[str]:
        """Return the names of the files in a folder, sorted, without hidden ones."""
        content = self._content(path)
        return [] if content is None else sorted(name for name in content.files if not name.startswith("."))

    def outside(self, path: str = "") -> list[str]:
        """Return the links in a folder and below that lead outside the root: paths relative to the root, sorted."""
        return sorted(self._walk(path, set(), links=True))

    def images(self, path: str = "") -> list[str]:
        """Return all images in a folder and below: paths relative to the root, in natural order."""
        return sorted(self._walk(path, set()), key=natural_key)

    def _walk(self, path: str, seen: set[str], links: bool = False) -> Iterator[str]:
        place = os.path.realpath(self.root / path)
        if place in seen:  # a link to a folder above
            return
        seen.add(place)
        content = self._content(path)
        if content is None:
            return
        for name in content.outside if links else content.files:
            if links or is_image_name(name):
                yield _join(path, name)
        for name in self.folders(path):
            yield from self._walk(_join(path, name), seen, links)

    def _match(self, name: str, content: _Folder, among: frozenset[str], without_suffix: bool = False) -> str | None:
        if name in among:
            return name
        if name in content.outside:
            raise PathError("goes through a link that leads outside the data folder")
        candidates = [other for other in content.alike.get(_key(name), ()) if other in among]
        if not candidates and without_suffix and os.path.splitext(name)[1].lower() not in IMAGE_SUFFIXES:  # noqa: PTH122
            candidates = content.stems.get(_key(name), [])
        if len(candidates) > 1:
            raise PathError(f"may mean {' or '.join(sorted(candidates))}")
        return candidates[0] if candidates else None

    def _content(self, path: str) -> _Folder | None:
        if path not in self._folders:
            self._folders[path] = self._scan(path)
        return self._folders[path]

    def _scan(self, path: str) -> _Folder | None:
        files: set[str] = set()
        folders: set[str] = set()
        outside: set[str] = set()
        alike: dict[str, list[str]] = {}
        stems: dict[str, list[str]] = {}
        try:
            with os.scandir(self.root / path) as entries:
                for entry in entries:
                    if entry.is_symlink() and not self._inside(entry.path):
                        outside.add(entry.name)
                        continue
                    if entry.is_dir():
                        folders.add(entry.name)
                    elif entry.is_file():
                        files.add(entry.name)
                        if is_image_name(entry.name):
                            stems.setdefault(_key(os.path.splitext(entry.name)[0]), []).append(entry.name)  # noqa: PTH122
                    alike.setdefault(_key(entry.name), []).append(entry.name)
        except OSError:
            return None
        return _Folder(frozenset(files), frozenset(folders), frozenset(outside), alike, stems)

    def _inside(self, path: str) -> bool:
        return os.path.realpath(path).startswith(os.path.join(self._real_root, ""))  # noqa: PTH118


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _is_ignored(folder: str) -> bool:
    return folder.startswith(".") or folder.casefold() in _IGNORED_FOLDERS
