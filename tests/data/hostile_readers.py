"""What reads files of users, by name; each is called in a separate process."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sketchfit.config.load import load_recipe
from sketchfit.data.containers import read_member
from sketchfit.data.digests import content_digests
from sketchfit.data.images import ImageError, decode
from sketchfit.data.sheets import TableError, read_sheet
from sketchfit.errors import UserError
from sketchfit.models.weights import read_weights
from sketchfit.runs.arrays import read_npz
from sketchfit.runs.state import State


def _member(path: Path) -> None:
    if read_member(Path(f"{path}#2")) is None:
        raise ImageError("no such image")


READERS: dict[str, Callable[[Path], Any]] = {
    "load_recipe": load_recipe,
    "read_sheet": read_sheet,
    "decode": decode,
    "content_digests": lambda path: content_digests(path),
    "weights": read_weights,
    "arrays": read_npz,
    "json": State.read_file,
    "member": _member,
}


def attempt(reader: str, path: Path) -> tuple[str, int]:
    """Read a file; return why it is refused, empty if it is read, and how many kB of memory were added."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = ""
    try:
        READERS[reader](path)
    except (UserError, TableError, ImageError) as error:
        refused = str(error)[:300] or type(error).__name__
    return refused, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
