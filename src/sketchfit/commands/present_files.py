"""What a folder holds before a command writes there."""

from __future__ import annotations

from pathlib import Path

from sketchfit.remains import REMAINS
from sketchfit.runs.marks import BY_SYSTEM

BY_PYTHON = "__pycache__"
"""Python writes it where a file such as `preprocess.py` is imported."""


def present_files(folder: Path) -> set[str]:
    """Return the names in a folder, without what Python, file managers and killed processes leave in any folder."""
    names = (path.name for path in folder.iterdir())
    return {name for name in names if name != BY_PYTHON and name not in BY_SYSTEM and not REMAINS.fullmatch(name)}
