"""The variables of a `.env` file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from dotenv import dotenv_values

LARGEST = 1_000_000
"""Bytes; a larger file is no list of variables."""


def read_dotenv(path: Path) -> Mapping[str, str]:
    """Read a `.env` file; nothing is found in a file that is missing, too large or no text."""
    try:
        found = path.stat()
        if not path.is_file() or found.st_size > LARGEST:
            return {}
        return _read(path.resolve(), found.st_mtime_ns, found.st_size)
    except OSError:
        return {}


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int, _size: int) -> Mapping[str, str]:
    try:
        values = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except UnicodeDecodeError:
        return {}
    return {name: value for name, value in values.items() if value is not None}
