"""The words of sketchfit's own texts, as they are in its files."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

SUFFIXES = (".py", ".yaml", ".j2")
PARTS = re.compile(r"[a-z]+", re.IGNORECASE)


def is_own(text: str) -> bool:
    """Return whether a text has only words of sketchfit's own texts, and no digit.

    Examples:
        >>> is_own("training"), is_own("out-of-fold"), is_own("training7")
        (True, True, False)
    """
    if not text or any(one.isdigit() or not one.isascii() for one in text):
        return False
    found = [one.lower() for one in PARTS.findall(text)]
    return bool(found) and own_words().issuperset(found)


@cache
def own_words() -> frozenset[str]:
    """Return all words in the files of this package, in lower case."""
    found: set[str] = set()
    for path in Path(__file__).parent.rglob("*"):
        if path.suffix in SUFFIXES:
            found.update(one.lower() for one in PARTS.findall(path.read_text(encoding="utf-8")))
    return frozenset(found)
