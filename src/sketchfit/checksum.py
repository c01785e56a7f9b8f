"""Checksums that a file holds of the rest of its content, so that each file is verified alone.

A file and its checksum are written together: a process that is killed between two writes cannot leave one of them that
disagrees with the other. Files without a checksum, of older versions or written by hand, are accepted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

KEY = "checksum:blake2b"
"""Key of the checksum in a mapping. No member of a recipe and no setting has a colon in its name."""

SIZE = 16
"""Bytes of a digest."""


class DamagedError(ValueError):
    """The content of a file does not match its checksum."""

    def __init__(self, place: str = "") -> None:
        edited = f" (if you have edited it, delete {place})" if place else ""
        super().__init__(f"its content does not match its checksum{edited}")


def digest_of(content: object) -> str:
    """Return the digest of what JSON can hold; spaces and the order of keys do not change it.

    Examples:
        >>> digest_of({"a": 1, "b": [0.5]}) == digest_of({"b": [0.5], "a": 1})
        True
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=SIZE).hexdigest()


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping that JSON can hold with its checksum as the last key."""
    plain = {key: value for key, value in content.items() if key != KEY}
    return {**plain, KEY: digest_of(plain)}


def unsealed(content: Any) -> Any:
    """Return what a JSON file holds, without its checksum.

    Raises:
        DamagedError: it has a checksum of other content.
    """
    if not isinstance(content, dict) or KEY not in content:
        return content
    plain = {key: value for key, value in content.items() if key != KEY}
    if content[KEY] != digest_of(plain):
        raise DamagedError(f"the line {KEY!r}")
    return plain
