"""Lines and progress bars on standard output.

Lines are log records of the standard library's `logging`, so a function needs no `Console` to print one:

    import logging

    log = logging.getLogger(__name__)
    log.info("near-duplicates: 3 groups")        # prints the text as it is
    log.warning("wandb is not installed")        # prints "warning: wandb is not installed"
    log.warning("fold 3 is small", extra={ONCE: "small"})     # only the first of all records with the same key

Records of the logger `sketchfit` and of its children appear once a command has made its `Console`; before that, as in
every library, only warnings do. A function takes a `Console` only where it shows a progress bar or a rich table.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sketchfit.tracking.terminal import Terminal
from sketchfit.visible import visible

LOGGER = "sketchfit"
"""Name of the logger whose records a `Console` prints."""

ONCE = "once"
"""Attribute of a record, set by `extra`: a `Console` prints only the first of those with the same value."""

CONTINUED = "\n  "
"""Before the further lines of a record: a name with a line feed cannot pretend to be a record."""

PLAIN_EVERY_SECONDS = 20.0
"""Shortest time between two plain lines of progress."""

Mode = Literal["auto", "rich", "plain", "none"]

Advance = Callable[[int, str], None]
"""(done so far, short note)."""


class Console:
    """Lines and bars on standard output. The latest `Console` prints the records of the logger `sketchfit`.

    Args:
        mode: `rich` shows live bars, `plain` shows lines of progress, `none` prints nothing; `auto` takes bars where
            standard output is a terminal.
    """

    def __init__(self, mode: Mode = "auto") -> None:
        self._rich: RichConsole = Terminal(quiet=mode == "none")
        self._live = mode == "rich" or (mode == "auto" and self._rich.is_terminal)
        _print_records(self)

    @property
    def rich(self) -> RichConsole:
        """The rich console, for tables."""
        return self._rich

    def line(self, text: str) -> None:
        """Print one line of plain text; the same as `logging.getLogger("sketchfit").info(text)`."""
        self._rich.print(text)
        self._rich.file.flush()

    @contextmanager
    def bar(self, title: str, total: int) -> Iterator[Advance]:
        """Show the progress of a task while the block runs."""
        if not self._live:
            yield self._plain_progress(title, total)
            return
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
        )
        with Progress(*columns, console=self._rich, transient=True) as progress:
            task = progress.add_task(visible(title), total=total, note="")
            yield lambda done, note: progress.update(task, completed=done, note=note)

    def _plain_progress(self, title: str, total: int) -> Advance:
        last = time.monotonic()

        def advance(done: int, note: str) -> None:
            nonlocal last
            if time.monotonic() - last > PLAIN_EVERY_SECONDS and done < total:
                last = time.monotonic()
                self.line(f"  {title}: {done}/{total} {note}".rstrip())

        return advance


class _ConsoleHandler(logging.Handler):
    """Prints records on a console; warnings and errors carry their level's name."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._printed = set[str]()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            key = getattr(record, ONCE, None)
            if key in self._printed:
                return
            if key is not None:
                self._printed.add(key)
            level = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
            self._console.line((level + self.format(record)).replace("\n", CONTINUED))
        except Exception:
            self.handleError(record)


def _print_records(console: Console) -> None:
    logger = logging.getLogger(LOGGER)
    logger.handlers = [handler for handler in logger.handlers if not isinstance(handler, _ConsoleHandler)]
    logger.addHandler(_ConsoleHandler(console))
    logger.setLevel(logging.INFO)
    # A library that configures the root logger would print every line a second time.
    logger.propagate = False


def duration(seconds: float) -> str:
    """Format a time: `52 s`, `4 min 12 s`, `2 h 05 min`."""
    total = round(seconds)
    if total < 100:
        return f"{total} s"
    if total < 6000:
        return f"{total // 60} min {total % 60:02d} s"
    return f"{total // 3600} h {total % 3600 // 60:02d} min"
