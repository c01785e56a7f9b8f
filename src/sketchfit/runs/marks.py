"""Marks of the folders that sketchfit writes, so that they are never read as data."""

from __future__ import annotations

from collections.abc import Set
from contextlib import suppress
from pathlib import Path

from sketchfit.files import write_text
from sketchfit.regular import read_regular
from sketchfit.runs.state import RUN_FILES

LOCK = ".writer.lock"
"""Lock of a folder with results; see `lock`."""

_WRITER = ".writer."
"""Begin of the names of the lock and of what is known of its process."""

MARK = ".sketchfit"
"""Mark of a folder with results."""

CACHE_TAG = "CACHEDIR.TAG"
"""Mark of a cache, which backup programs know too: https://bford.info/cachedir"""

_MOST = 10_000
"""Bytes of the mark of a cache."""

_TEXT = "The files in this folder were made by sketchfit. It never reads them as data.\n"

_SIGNATURE = "Signature: 8a477f597d28d172789f06886806bc55\n"
_OF_SKETCHFIT = "# The cache of sketchfit."

BY_SYSTEM = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""Files that file managers write into any folder."""


def is_marked(folder: Path, names: Set[str]) -> bool:
    """Return whether a folder is that of a run, of other results, or a cache of sketchfit.

    Args:
        folder: existing.
        names: of its files.
    """
    return names >= RUN_FILES or MARK in names or (CACHE_TAG in names and _is_our_cache(folder / CACHE_TAG))


def _is_our_cache(tag: Path) -> bool:
    """Return whether the mark of a cache is ours: people mark folders of data, too, which backups then leave out."""
    try:
        return _OF_SKETCHFIT.encode() in read_regular(tag, _MOST)
    except OSError:
        return False


def mark_results(folder: Path) -> None:
    """Mark a folder of results that was made for them, or that has those of a run; not one with files of others.

    Raises:
        OSError: it cannot be written to.
    """
    names = {one.name for one in folder.iterdir() if not one.name.startswith(_WRITER)}
    if MARK not in names and (not names or names >= RUN_FILES):
        write_text(folder / MARK, _TEXT)


def mark_cache(folder: Path) -> None:
    """Make the folder of a cache, and mark it; one that already has files of others is not marked.

    Raises:
        OSError: it cannot be made.
    """
    is_new = not folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    if is_new or not any(folder.iterdir()):
        with suppress(OSError):  # a cache that cannot be written to fails later, if it has to be
            write_text(folder / CACHE_TAG, f"{_SIGNATURE}{_OF_SKETCHFIT} It can be deleted at any time.\n")
