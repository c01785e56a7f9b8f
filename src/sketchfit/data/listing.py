"""List the data folder: each folder is read once, names are matched tolerantly, nothing outside is read."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from sketchfit.data.containers import is_container, member_path, split_member
from sketchfit.data.decoders.formats import SUFFIXES
from sketchfit.data.images import is_image_content, is_image_name
from sketchfit.data.path_text import PathError, natural_key
from sketchfit.errors import DataError
from sketchfit.runs.marks import is_marked

ALLOW_LINKS = "--follow-links allows them."
"""What to do about links that lead outside the data folder."""

_IGNORED_FOLDERS = (
    "__macosx",
    "@eadir",
    "@recycle",
    "#recycle",
    "#snapshot",
    "$recycle.bin",
    "system volume information",
    "lost+found",
)
"""Folders of macOS, network storage, Windows and Linux, in lower case; they have thumbnails and deleted files."""

_IGNORED_FILES = ("thumbs.db", "desktop.ini")


def _key(name: str) -> str:
    # macOS stores Hangul and accents decomposed (NFD), tables have them composed (NFC).
    return unicodedata.normalize("NFC", name).casefold()


@dataclass
class _Folder:
    """Names in one folder; `other` are links to nothing, pipes and other special files.

    Of a hidden folder or one of the system that cannot be read (`closed`), there are no names.
    """

    place: Path
    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)
    other: set[str] = field(default_factory=set)
    closed: bool = False
    alike: dict[str, list[str]] = field(default_factory=dict)
    stems: dict[str, list[str]] = field(default_factory=dict)

    @cached_property
    def images(self) -> frozenset[str]:
        """Files that are images: by their suffix, or by their content where the suffix is none of an image."""
        return frozenset(
            name
            for name in self.files
            if is_image_name(name) or (not is_hidden(name) and is_image_content(self.place / name))
        )

    @cached_property
    def containers(self) -> frozenset[str]:
        """Files of several images."""
        return frozenset(name for name in self.files if not is_hidden(name) and is_container(self.place / name))


@dataclass(frozen=True)
class ListedFile:
    """One file in the data folder.

    Attributes:
        path: relative to the root.
        kind: `file`; `own` in the folder of a run or a cache, whatever it is; `hidden` (also in a hidden or system
            folder, and such a folder that cannot be read); `outside` for a link that leads outside the root; `other`
            for a link to nothing, a pipe and other special files.
    """

    path: str
    kind: Literal["file", "own", "hidden", "outside", "other"]


@dataclass
class Listing:
    """Content of the data folder; each folder is read when it is needed, and remembered.

    Args:
        root: the data folder; may itself be a symbolic link.
        follow_links: follow links that lead outside the root; others are always followed.
    """

    root: Path
    follow_links: bool = False
    _folders: dict[str, _Folder | None] = field(default_factory=dict, init=False)
    _real_root: str = field(default="", init=False)
    _links: bool = field(default=False, init=False)
    _special: bool = field(default=False, init=False)

    @property
    def has_links(self) -> bool:
        """Whether a folder that was read contains a symbolic link."""
        return self._links

    @property
    def has_special(self) -> bool:
        """Whether a folder that was read contains a symbolic link, a pipe, or another special file."""
        return self._links or self._special

    def __post_init__(self) -> None:
        self._real_root = os.path.realpath(self.root)

    def place(self, path: str) -> str:
        """Return what is the same for all paths to one file: where links lead to. "" for no path."""
        return os.path.realpath(os.path.join(self._real_root, path)) if path and self._links else path  # noqa: PTH118

    def find(self, path: str) -> str | None:
        """Return the file on disk for a cleaned path, relative to the root, or None if there is none.

        An exact match wins. Otherwise letter case and Unicode composition are ignored, and a missing image suffix is
        added, if only one file matches. An image in a container (see `containers`) is found if the container is.

        Raises:
            PathError: the match is ambiguous, or goes through a link that leads outside.
        """
        real = self._find_file(path)
        if real is None and (parts := split_member(path)) is not None:
            container = self._find_file(parts[0])
            real = None if container is None else member_path(container, parts[1])
        return real

    def _find_file(self, path: str) -> str | None:
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
        """Return the names of the folders in a folder, sorted, without ignored ones and links to a folder above.

        Hidden folders, those of the system, and those that sketchfit made (runs, other results, caches) are ignored.
        """
        content = self._content(path)
        names = [] if content is None else sorted(name for name in content.folders if not self._is_ignored(path, name))
        if not self._links:
            return names
        above = os.path.join(os.path.realpath(self.root / path), "")  # noqa: PTH118
        places = [os.path.join(os.path.realpath(self.root / path / name), "") for name in names]  # noqa: PTH118
        return [name for name, place in zip(names, places, strict=True) if not above.startswith(place)]

    def files(self, path: str = "") -> list[str]:
        """Return the names of the files in a folder, sorted, without hidden ones."""
        content = self._content(path)
        return [] if content is None else sorted(name for name in content.files if not name.startswith("."))

    def outside(self, path: str = "") -> list[str]:
        """Return the links in a folder and below that lead to images or folders outside the root, sorted."""
        return sorted(one.path for one in self.walk(path) if one.kind == "outside" and self.is_data(one.path))

    def images(self, path: str = "") -> list[str]:
        """Return all images in a folder and below: paths relative to the root, in natural order.

        A file is an image by its suffix, or by its content where the suffix is none of an image.
        """
        return self._visible(path, lambda content: content.images)

    def containers(self, path: str = "") -> list[str]:
        """Return all files of several images in a folder and below (see `containers`), in natural order."""
        return self._visible(path, lambda content: content.containers)

    def is_image(self, path: str) -> bool:
        """Return whether a file that is not hidden is an image."""
        folder, _, name = path.rpartition("/")
        content = self._content(folder)
        return content is not None and name in content.images

    def walk(self, path: str = "") -> Iterator[ListedFile]:
        """Yield every file in a folder and below; what several links lead to is visited once."""
        yield from self._walk(path, set(), None)

    def _walk(self, path: str, seen: set[str], within: Literal["own", "hidden"] | None) -> Iterator[ListedFile]:
        content = self._unseen(path, seen)
        if content is None:
            return
        if content.closed:
            yield ListedFile(path, "hidden")
        for name in content.files:
            yield ListedFile(_join(path, name), within or ("hidden" if is_hidden(name) else "file"))
        for name in content.outside:
            yield ListedFile(_join(path, name), within or ("hidden" if name.startswith(".") else "outside"))
        for name in content.other:
            yield ListedFile(_join(path, name), "own" if within == "own" else "other")
        for name in sorted(content.folders):
            own, system = self._is_own(_join(path, name)), _is_system(name)
            yield from self._walk(_join(path, name), seen, within or ("own" if own else "hidden" if system else None))

    def _visible(self, path: str, kind: Callable[[_Folder], frozenset[str]]) -> list[str]:
        """Return the files of a kind in a folder and below, without those in hidden folders, in natural order."""
        found: list[str] = []
        waiting, seen = [path], set[str]()
        while waiting:
            folder = waiting.pop()
            if (content := self._unseen(folder, seen)) is not None:
                found += [_join(folder, name) for name in kind(content)]
                below = (name for name in content.folders if not self._is_ignored(folder, name))
                waiting += [_join(folder, name) for name in sorted(below, reverse=True)]
        return sorted(found, key=natural_key)

    def _unseen(self, path: str, seen: set[str]) -> _Folder | None:
        """Return the content of a folder, None where another path, as of a link to a folder above, has led to it."""
        place = os.path.realpath(os.path.join(self._real_root, path))  # noqa: PTH118
        if place in seen:
            return None
        seen.add(place)
        return self._content(path)

    def _is_ignored(self, path: str, name: str) -> bool:
        """Return whether a folder in a folder is hidden, of the system, or made by sketchfit."""
        return _is_system(name) or self._is_own(_join(path, name))

    def _is_own(self, path: str) -> bool:
        """Return whether a folder is a run's, which has images in its report, that of other results, or a cache."""
        content = self._content(path)
        return content is not None and is_marked(self.root / path, content.files)

    def is_data(self, link: str) -> bool:
        """Return whether a link leads to an image or a folder."""
        return is_image_name(link) or (self.root / link).is_dir() or is_image_content(self.root / link)

    def _match(self, name: str, content: _Folder, among: set[str], without_suffix: bool = False) -> str | None:
        if name in among:
            return name
        if name in content.outside:
            raise PathError("goes through a link that leads outside the data folder, which --follow-links allows")
        candidates = [other for other in content.alike.get(_key(name), ()) if other in among]
        if not candidates and without_suffix and os.path.splitext(name)[1].lower() not in SUFFIXES:  # noqa: PTH122
            candidates = content.stems.get(_key(name), [])
        if len(candidates) > 1:
            raise PathError(f"may mean {' or '.join(sorted(candidates))}")
        return candidates[0] if candidates else None

    def _content(self, path: str) -> _Folder | None:
        if path not in self._folders:
            self._folders[path] = self._scan(path)
        return self._folders[path]

    def _scan(self, path: str) -> _Folder | None:
        content = _Folder(self.root / path)
        try:
            with os.scandir(self.root / path) as entries:
                for entry in entries:
                    self._sort_in(entry, content)
        except PermissionError as error:
            if any(map(_is_system, path.split("/"))):
                return _Folder(content.place, closed=True)
            raise DataError(f"the folder {content.place} cannot be read: {error.strerror}") from error
        except OSError:
            return None
        return content

    def _sort_in(self, entry: os.DirEntry[str], content: _Folder) -> None:
        is_link = entry.is_symlink()
        self._links |= is_link
        if is_link and not self._inside(entry.path):
            (content.outside if os.path.exists(entry.path) else content.other).add(entry.name)  # noqa: PTH110
            return
        kind = _kind(entry)
        if kind == "folder":
            content.folders.add(entry.name)
        elif kind == "file":
            content.files.add(entry.name)
            if is_image_name(entry.name):
                content.stems.setdefault(_key(os.path.splitext(entry.name)[0]), []).append(entry.name)  # noqa: PTH122
        else:
            self._special = True
            content.other.add(entry.name)
            return
        content.alike.setdefault(_key(entry.name), []).append(entry.name)

    def _inside(self, path: str) -> bool:
        return self.follow_links or os.path.realpath(path).startswith(os.path.join(self._real_root, ""))  # noqa: PTH118


def _kind(entry: os.DirEntry[str]) -> Literal["folder", "file", "other"]:
    try:
        return "folder" if entry.is_dir() else "file" if entry.is_file() else "other"
    except OSError:  # a link to itself
        return "other"


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def is_hidden(name: str) -> bool:
    """Return whether a file of this name is hidden, or one of the system."""
    return name.startswith(".") or name.casefold() in _IGNORED_FILES


def _is_system(folder: str) -> bool:
    return folder.startswith(".") or folder.casefold() in _IGNORED_FOLDERS
