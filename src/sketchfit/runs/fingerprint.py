"""What decides a trained network, as digests: equal fingerprints mean that nothing has to be trained again."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any


def differing_keys(before: Any, after: Any, prefix: str = "") -> list[tuple[str, Any, Any]]:
    """Return (key with dots, value before, value after) of every difference between two nested mappings."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [] if before == after else [(prefix, before, after)]
    found = []
    for key in dict.fromkeys([*before, *after]):
        found += differing_keys(before.get(key), after.get(key), f"{prefix}.{key}" if prefix else str(key))
    return found


def digest(*parts: object) -> str:
    """Return the hexadecimal digest of plain values."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def file_digest(path: Path) -> str:
    """Return the hexadecimal digest of a file's content; a file that did not change is read once per process."""
    status = path.stat()
    return _content_digest(path.absolute(), (status.st_ino, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=256)
def _content_digest(path: Path, _state: tuple[int, int, int]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
