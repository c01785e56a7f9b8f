"""Lines on standard output, and the progress of tasks.

Lines are log records of the standard library's `logging`, so a function needs no `Console` to print one:

    import logging

    log = logging.getLogger(__name__)
    log.info("near-duplicates: 3 groups")        # prints the text as it is
    log.warning("wandb is not installed")        # prints "warning: wandb is not installed"
    log.warning("fold 3 is small", extra={ONCE: "small"})     # only the first of all records with the same key
    with as_results():                              # of sketchfit.verbosity
        log.info("top-1 68.6 %")                 # also printed by a quiet command

Records of the logger `sketchfit` and of its children appear once a command has made its `Console`; before that, as in
every library, only warnings do. A function takes a `Console` only where it shows the progress of a task.
"""

from __future__ import annotations

import logging
import time
from contextlib import AbstractContextManager

from rich.console import Console as RichConsole

from sketchfit.activity import Advance, activity
from sketchfit.live import Mode, in_notebook, show_activities
from sketchfit.text_tables import width_of, wrapped
from sketchfit.tracking.outlook import RunOutlook
from sketchfit.tracking.terminal import Terminal
from sketchfit.verbosity import verbosity
from sketchfit.visible import visible
from sketchfit.wording import duration as duration

LOGGER = "sketchfit"
"""Name of the logger whose records a `Console` prints."""

ONCE = "once"
"""Attribute of a record, set by `extra`: a `Console` prints only the first of those with the same value."""

CONTINUED = "\n  "
"""Before the further lines of a record: a name with a line feed cannot pretend to be a record."""


class Console:
    """Lines on standard output, and the progress of tasks. The latest `Console` prints the records of `sketchfit`.

    Attributes:
        outlook: when the run of this console will end.

    Args:
        mode: `rich` shows a live line, `plain` shows lines of progress, `none` prints nothing; `auto` takes the live
            line on a terminal and in a notebook.
    """

    def __init__(self, mode: Mode = "auto") -> None:
        self._rich: RichConsole = Terminal(quiet=mode == "none")
        self.outlook = RunOutlook()
        show_activities(mode)
        _print_records(self)

    @property
    def rich(self) -> RichConsole:
        """The rich console, for tables."""
        return self._rich

    def line(self, text: str) -> None:
        """Print one line of plain text; the same as `logging.getLogger("sketchfit").info(text)`."""
        logging.getLogger(LOGGER).info(text)

    def put(self, text: str) -> None:
        """Print a text as it is."""
        width = width_of(self._rich.file)
        self._rich.print("\n".join(part for line in visible(text).split("\n") for part in wrapped(line, width)))
        self._rich.file.flush()

    def bar(self, title: str, total: int) -> AbstractContextManager[Advance]:
        """Show the progress of a task while the block runs."""
        return activity(title, total)


class _ConsoleHandler(logging.Handler):
    """Prints records on a console; warnings and errors carry their level's name."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._printed = set[str]()
        self._began = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if not verbosity.shows(record) or (getattr(record, "fine", False) and in_notebook()):
                return
            key = getattr(record, ONCE, None)
            if key in self._printed:
                return
            if key is not None:
                self._printed.add(key)
            level = "" if record.levelno in (logging.DEBUG, logging.INFO) else f"{record.levelname.lower()}: "
            passed = f"[{time.monotonic() - self._began:6.1f} s] " if verbosity.verbose else ""
            text = self.format(record)
            text = text if verbosity.words is None else verbosity.words(text)
            self._console.put((passed + level + text).replace("\n", CONTINUED))
        except Exception:
            self.handleError(record)


def _print_records(console: Console) -> None:
    logger = logging.getLogger(LOGGER)
    logger.handlers = [handler for handler in logger.handlers if not isinstance(handler, _ConsoleHandler)]
    logger.addHandler(_ConsoleHandler(console))
    logger.setLevel(logging.DEBUG if verbosity.verbose else logging.INFO)
    # A library that configures the root logger would print every line a second time.
    logger.propagate = False
