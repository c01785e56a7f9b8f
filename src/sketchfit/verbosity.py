"""How much a command prints: usual, quiet (`-q`) or verbose (`-v`).

| | quiet | usual | verbose |
| --- | --- | --- | --- |
| errors and warnings | yes | yes | yes |
| results: figures, tables, paths, data | yes | yes | yes |
| what stages found, and progress | no | yes | yes |
| details for a bug report, times in front of lines, tracebacks of a user's mistakes | no | no | yes |
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

Level = Literal["quiet", "usual", "verbose"]

FINE = {"fine": True}
"""`extra` of a log record of which a run has hundreds, such as that of an epoch: a notebook shows only the
live line."""


@dataclass
class Verbosity:
    """What is printed by this process.

    Attributes:
        level: by `-q` and `-v`.
        in_results: whether what is logged now is a result of the command.
    """

    level: Level = "usual"
    in_results: bool = False

    @property
    def quiet(self) -> bool:
        """Whether only warnings, errors and results are printed."""
        return self.level == "quiet"

    @property
    def verbose(self) -> bool:
        """Whether details are printed."""
        return self.level == "verbose"

    def shows(self, record: logging.LogRecord) -> bool:
        """Return whether a log record is printed."""
        return not self.quiet or self.in_results or record.levelno >= logging.WARNING


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
