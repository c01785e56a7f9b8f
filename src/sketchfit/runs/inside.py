"""Keeps paths that a run's folder names within the data folder: the folder may come from somebody else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from sketchfit.errors import RunError

OUTSIDE = re.compile(r"[/\\]|[A-Za-z]:|(?:.*[/\\])?\.\.(?:[/\\]|$)", re.DOTALL)
"""Begin of a path that is absolute, here or on Windows, or leaves its folder."""


LINKED = ("members", "derived")
"""Folders of a run that may be links."""


def is_relative(path: str) -> bool:
    """Return whether a path names something below a folder, links aside."""
    return bool(path) and "\0" not in path and not OUTSIDE.match(path)


def check_relative(paths: Iterable[str], origin: Path) -> None:
    """Refuse paths that leave the data folder.

    Args:
        paths: relative to it.
        origin: the file that names them, for the message.

    Raises:
        UserError: one of them is absolute, or leaves it by `..`.
    """
    if (bad := next((path for path in paths if not is_relative(path)), None)) is not None:
        raise RunError(f"{origin} names {bad!r}, which is not inside the data folder", "Do not use this folder.")


def first_outside(root: Path, paths: Iterable[str]) -> str | None:
    """Return the first path that links lead out of a folder; None if there is none."""
    real = os.path.join(os.path.realpath(root), "")  # noqa: PTH118

    @cache
    def leaves(folder: str) -> bool:
        return not os.path.join(os.path.realpath(root / folder), "").startswith(real)  # noqa: PTH118

    for path in paths:
        if leaves(path.rpartition("/")[0]) or ((root / path).is_symlink() and leaves(path)):
            return path
    return None


def refuse_linked_folders(folder: Path) -> None:
    """Refuse a run's folder with links to other folders, into which results would be written.

    Networks may be on another disk: `members` and `derived` may be links.

    Raises:
        UserError: there is such a link.
    """
    for above, names, _ in os.walk(folder):
        for name in names:
            path = Path(above, name)
            if path.is_symlink() and path.relative_to(folder).as_posix() not in LINKED:
                raise RunError(
                    f"{path} is a link to another folder, and results would be written there",
                    "Put the folder itself in its place, or choose another run.",
                )
