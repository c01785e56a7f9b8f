"""Folders for temporary files, which do not stay for ever where their process is killed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sketchfit.own_system import is_own
from sketchfit.remains import ABANDONED, clear_remains, part_ending

PREFIX = ".sketchfit-"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield an empty folder, which is deleted at the end; after a kill, by the next command that needs one.

    It is below `TMPDIR`, and only its owner may read it.

    Raises:
        OSError: it cannot be made.
    """
    parent = Path(tempfile.gettempdir())
    clear_remains((path for path in parent.glob(f"{PREFIX}*.part") if is_own(path)), least_age=ABANDONED)
    with tempfile.TemporaryDirectory(prefix=PREFIX, suffix=part_ending(), dir=parent) as folder:
        yield Path(folder)
