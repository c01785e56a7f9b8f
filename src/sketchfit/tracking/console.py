"""What a person sees while a run works: live bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

PLAIN_EVERY_SECONDS = 20.0
"""A plain line of progress is due after that long, so that a log shows life without drowning."""

Advance = Callable[[int, str], None]
"""(done so far, short note)."""


class Console:
    """Lines and bars on one console.

    Args:
        mode: `auto` takes bars where standard output is a terminal.
    """

    def __init__(self, mode: Literal["auto", "rich", "plain", "none"] = "auto") -> None:
        self._rich = RichConsole(file=sys.stdout, highlight=False, soft_wrap=True, quiet=mode == "none")
        self._live = mode == "rich" or (mode == "auto" and self._rich.is_terminal)

    @property
    def rich(self) -> RichConsole:
        """The rich console that all goes to."""
        return self._rich

    def line(self, text: str) -> None:
        """Print one line of plain text."""
        self._rich.print(text, markup=False)
        self._rich.file.flush()

    @contextmanager
    def bar(self, title: str, total: int) -> Iterator[Advance]:
        """Show how far a task has got while the block runs."""
        if not self._live:
            yield self._plain_progress(title, total)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with Progress(*columns, console=self._rich, transient=True) as progress:
            task = progress.add_task(title, total=total, note="")
            yield lambda done, note: progress.update(task, completed=done, note=note)

    def _plain_progress(self, title: str, total: int) -> Advance:
        last = time.monotonic()

        def advance(done: int, note: str) -> None:
            nonlocal last
            if time.monotonic() - last > PLAIN_EVERY_SECONDS and done < total:
                last = time.monotonic()
                self.line(f"  {title}: {done}/{total} {note}".rstrip())

        return advance


def duration(seconds: float) -> str:
    """`52 s`, `4 min 12 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 6000:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
