"""Import large packages quickly."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sketchfit.activity import activity


@contextmanager
def quick_imports() -> Iterator[None]:
    """Import what the block imports without garbage collection.

    Packages such as torch make a million objects that stay until the process ends. Collections during their import
    search these objects several times, and later ones search them again: both are avoided.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        with activity("loading libraries"):
            yield
    finally:
        _exclude_objects()
        if enabled:
            gc.enable()


@cache
def _exclude_objects() -> None:
    """Exclude all objects from later collections, once per process: later on, there are also some to be collected."""
    gc.freeze()
