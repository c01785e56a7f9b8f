"""How much a command prints: usual, quiet (`-q`), verbose (`-v`), or only warnings (`quiet=True` from Python).

| | warnings | quiet | usual | verbose |
| --- | --- | --- | --- | --- |
| errors and warnings | yes | yes | yes | yes |
| results: figures, tables, paths, data | no | yes | yes | yes |
| what stages found, and progress | no | no | yes | yes |
| details for a bug report, times in front of lines, tracebacks of a user's mistakes | no | no | no | yes |
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

Level = Literal["warnings", "quiet", "usual", "verbose"]

FINE = {"fine": True}
"""`extra` of a log record of which a run has hundreds, such as that of an epoch: a notebook shows only the
live line."""


@dataclass
class Verbosity:
    """What is printed by this process.

    Attributes:
        level: by `-q` and `-v`, or by `quiet=True` from Python.
        in_results: whether what is logged now is a result of the command.
        words: changes each text that is logged, such as from options to keyword arguments; None: nothing does.
    """

    level: Level = "usual"
    in_results: bool = False
    words: Callable[[str], str] | None = None

    @property
    def quiet(self) -> bool:
        """Whether no more than warnings, errors and results is printed."""
        return self.level in ("warnings", "quiet")

    @property
    def verbose(self) -> bool:
        """Whether details are printed."""
        return self.level == "verbose"

    def shows(self, record: logging.LogRecord) -> bool:
        """Return whether a log record is printed."""
        is_result = self.in_results and self.level != "warnings"
        return not self.quiet or is_result or record.levelno >= logging.WARNING


verbosity = Verbosity()
"""Of this process; the command line sets it."""


@contextmanager
def as_results() -> Iterator[None]:
    """Print what the block logs as results of the command, which a quiet command prints too."""
    before, verbosity.in_results = verbosity.in_results, True
    try:
        yield
    finally:
        verbosity.in_results = before


@contextmanager
def only_warnings(wanted: bool = True) -> Iterator[None]:
    """Print only warnings of what the block logs, where that is wanted."""
    before = verbosity.level
    if wanted:
        verbosity.level = "warnings"
    try:
        yield
    finally:
        verbosity.level = before


@contextmanager
def in_words(words: Callable[[str], str]) -> Iterator[None]:
    """Change each text that the block prints as a log record."""
    before, verbosity.words = verbosity.words, words
    try:
        yield
    finally:
        verbosity.words = before
