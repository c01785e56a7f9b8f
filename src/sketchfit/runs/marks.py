"""Marks of the folders that sketchfit writes, so that they are never read as data."""

from __future__ import annotations

from collections.abc import Set
from contextlib import suppress
from pathlib import Path

from sketchfit.files import write_text
from sketchfit.runs.state import RUN_FILES

LOCK = ".sketchfit.lock"
"""Lock of a folder with results (see `lock`); it stays there as its mark."""

CACHE_TAG = "CACHEDIR.TAG"
"""Mark of a cache, which backup programs know too: https://bford.info/cachedir"""

_SIGNATURE = "Signature: 8a477f597d28d172789f06886806bc55\n# The cache of sketchfit. It can be deleted at any time.\n"


def is_marked(names: Set[str]) -> bool:
    """Return whether a folder with these files is that of a run, of other results, or a cache."""
    return names >= RUN_FILES or LOCK in names or CACHE_TAG in names


def mark_cache(folder: Path) -> None:
    """Make the folder of a cache, and mark it; one that already has files of others is not marked.

    Raises:
        OSError: it cannot be made.
    """
    is_new = not folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    if is_new or not any(folder.iterdir()):
        with suppress(OSError):  # a cache that cannot be written to fails later, if it has to be
            write_text(folder / CACHE_TAG, _SIGNATURE)
