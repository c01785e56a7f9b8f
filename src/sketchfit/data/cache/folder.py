"""The folder of the cache."""

from __future__ import annotations

import logging
import os
import tempfile
from functools import lru_cache
from pathlib import Path

from sketchfit.disk import existing_folder
from sketchfit.own_system import is_private

VARIABLE = "SKETCHFIT_CACHE"

log = logging.getLogger(__name__)


def default_cache() -> Path:
    """Return `$SKETCHFIT_CACHE`, else `sketchfit` in the user's cache folder, else a folder for temporary files.

    The last one is used, with a warning, where the user has no home folder, or one that cannot be written.
    """
    if given := os.environ.get(VARIABLE):
        return Path(given)
    try:
        found = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sketchfit"
        if found.is_dir() or os.access(existing_folder(found), os.W_OK | os.X_OK):
            return found
        why = f"{found} cannot be made"
    except (RuntimeError, OSError):  # this user has no entry in the system
        why = "there is no home folder"
    return _temporary(why)


@lru_cache
def _temporary(why: str) -> Path:
    """Return a folder that belongs to this user alone; one of a fixed name where that is possible."""
    number = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"sketchfit-{number}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        usable = is_private(folder)
    except OSError:
        usable = False
    found = folder if usable else Path(tempfile.mkdtemp(prefix="sketchfit-"))
    log.warning(f"{why}: the cache is {found}; {VARIABLE} names another folder")
    return found
