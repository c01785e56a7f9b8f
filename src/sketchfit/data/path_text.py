"""Paths as the text of a table's cell: cleaned, relative to the data folder, in natural order."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path


class PathError(Exception):
    """A name that cannot be used as a path; the message is the end of a sentence that begins with the name."""


@dataclass(frozen=True)
class PathText:
    """A cell's path with forward slashes.

    Attributes:
        text: relative; may contain `.` and `..`.
        is_from_root: whether it is relative to the data folder: it was absolute. Otherwise it is relative to a folder
            that is still to be found.
    """

    text: str
    is_from_root: bool = False

    def below(self, base: str) -> str:
        """Return the path relative to the data folder, without `.` and `..`.

        Args:
            base: folder that it is relative to, itself relative to the data folder; "" is the data folder.

        Raises:
            PathError: it leaves the data folder by `..`, or names no file.
        """
        return clean_path(self.text if self.is_from_root or not base else f"{base}/{self.text}")


def natural_key(name: str) -> tuple[tuple[int | str, ...], str]:
    """Return a sort key that puts `2.jpg` before `10.jpg`."""
    parts = re.split(r"([0-9]{1,18})", name.casefold())  # int() refuses thousands of digits
    return tuple(int(part) if odd % 2 else part for odd, part in enumerate(parts)), name


def path_text(name: str, root: Path) -> PathText:
    """Return the path in a cell.

    Args:
        name: the cell; with forward or backward slashes.
        root: the data folder; an absolute path inside it becomes relative to it.

    Raises:
        PathError: it is empty, contains a zero byte, or is an absolute path outside the data folder.
    """
    text = name.strip().replace("\\", "/")
    if not text:
        raise PathError("is empty")
    if "\0" in text:
        raise PathError("contains a zero byte")
    if not is_absolute(text):
        return PathText(text)
    for folder in {os.path.abspath(root), os.path.realpath(root)}:  # noqa: PTH100 - a link stays as it is
        above = folder.replace("\\", "/").rstrip("/") + "/"
        if os.path.normcase(text).startswith(os.path.normcase(above)):
            return PathText(text[len(above) :], is_from_root=True)
    raise PathError(f"is an absolute path outside the data folder {root}")


def is_absolute(text: str) -> bool:
    """Return whether a path with forward slashes begins at a root or a drive of Windows."""
    return text.startswith("/") or re.match(r"[A-Za-z]:", text) is not None


def clean_path(text: str) -> str:
    """Return a relative path with forward slashes and without `.` and `..`.

    Raises:
        PathError: it is empty, absolute, or leaves its folder by `..`.
    """
    text = text.strip().replace("\\", "/")
    if not text:
        raise PathError("is empty")
    if "\0" in text:
        raise PathError("contains a zero byte")
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
    if is_absolute(text) or is_absolute(parts[0]):
        raise PathError("is an absolute path")
    return "/".join(parts)
