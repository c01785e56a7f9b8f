"""Commands as a user pastes them into the shell of this system: cmd on Windows, a POSIX shell elsewhere.

What a run records of its command is quoted for a POSIX shell on every system, so that it can be read on another one.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterable

from sketchfit.own_system import WINDOWS

SPECIAL = "&|<>^%;()@!"
"""Characters that mean something to cmd outside of quotes."""


def quoted(word: str) -> str:
    """Return a word of a command, quoted where that is necessary."""
    if not WINDOWS:
        return shlex.quote(word)
    made = subprocess.list2cmdline([word])
    return f'"{made}"' if made == word and any(mark in word for mark in SPECIAL) else made


def joined(words: Iterable[str]) -> str:
    """Return a command in one line."""
    return " ".join(map(quoted, words))
