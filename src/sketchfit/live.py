"""Shows the current activity: a live line on a terminal and in a notebook, few lines elsewhere.

A thread looks four times per second at what `sketchfit.activity` knows. On a terminal the line is overwritten, and
every other text is printed above it. Elsewhere a line is printed where nothing else was printed for a while.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sketchfit.activity import Activity, activities
from sketchfit.verbosity import verbosity
from sketchfit.visible import one_line
from sketchfit.wording import duration

Mode = Literal["auto", "rich", "plain", "none"]

TICK = 0.25
"""Seconds between two looks."""

FIRST_SECONDS = 1.2
"""Silence after which the first line about an activity is printed where there is no terminal."""

NEXT_SECONDS = 20.0
"""Silence after which a further line about the same activity is printed; it doubles each time up to `MOST_SECONDS`."""

MOST_SECONDS = 160.0

SHOWN_FROM = 1.0
"""Seconds of an activity from which on its time is shown."""

NOTEBOOK_SECONDS = 0.5
"""Shortest time between two updates in a notebook."""

BAR = 20
"""Characters of a bar."""

LEAST = 72
"""Columns from which on there is a bar."""


class ActivityPlace(Protocol):
    """Where activities are shown."""

    def show(self, now: Activity) -> None:
        """Show an activity."""

    def clear(self) -> None:
        """Remove what is shown."""


@dataclass
class Output:
    """What this process prints for people, by all streams that are `lenient`.

    Attributes:
        lock: held while a text is written.
        last: reading of the clock when the last text was written.
        at_start: whether the last text ended its line.
        place: where activities are shown; None: nowhere.
    """

    lock: Any = field(default_factory=threading.RLock)
    last: float = field(default_factory=time.monotonic)
    at_start: bool = True
    place: ActivityPlace | None = None
    _thread: threading.Thread | None = None

    def before_text(self, text: str) -> None:
        """Remove the live line before a text is written."""
        if not text:
            return
        if self.place is not None:
            self.place.clear()
        self.last, self.at_start = time.monotonic(), text.endswith("\n")

    def set_place(self, place: ActivityPlace | None) -> None:
        """Show activities at another place from now on."""
        with self.lock:
            if self.place is not None:
                self.place.clear()
            self.place = place
        self.watch()

    def watch(self) -> None:
        """Start the thread where there is something to show; remove the line where nothing is left."""
        if not activities.stack:
            with self.lock:
                if self.place is not None:
                    self.place.clear()
            return
        with self.lock:
            if self.place is None or self._thread is not None:
                return
            self._thread = threading.Thread(target=self._look, name="progress", daemon=True)
            self._thread.start()  # before anything is shown: an interruption must not leave a thread that never starts
        self._show()

    def _look(self) -> None:
        while self._is_watched():
            time.sleep(TICK)
            self._show()

    def _is_watched(self) -> bool:
        """Return whether the thread continues; where not, the next activity starts another one."""
        with self.lock:
            if activities.stack and self.place is not None:
                return True
            self._thread = None
            return False

    def _show(self) -> None:
        with self.lock:
            now = activities.now
            if now is not None and self.place is not None and self.at_start:
                self.place.show(now)


output = Output()
activities.changed = output.watch


def _after_fork() -> None:
    """A child has no thread, and nobody who would release the lock."""
    output.lock, output.place, output._thread = threading.RLock(), None, None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def show_activities(mode: Mode = "auto") -> None:
    """Show activities from now on.

    Args:
        mode: `rich`: by a live line; `plain`: by lines on standard error; `none`: nowhere; `auto`: by a live line where
            standard error or standard output is a terminal or a notebook, else by lines.
    """
    if mode == "none" or verbosity.quiet:
        output.set_place(None)
    elif mode != "plain" and in_notebook():
        output.set_place(NotebookOutput())
    elif mode == "rich" or (mode == "auto" and terminal() is not None):
        output.set_place(LiveLine(terminal() or sys.stderr))
    else:
        output.set_place(ProgressLines())


def terminal() -> Any:
    """Return the stream of a terminal that can overwrite its last line; None where there is none."""
    if os.environ.get("TERM") == "dumb":
        return None
    for stream in (sys.stderr, sys.stdout):
        try:
            if stream.isatty():
                return stream
        except (AttributeError, ValueError):  # there is no stream, or it is closed
            continue
    return None


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    if "ipykernel" not in sys.modules or "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    return getattr(shell, "kernel", None) is not None


class LiveLine:
    """The last line of a terminal, overwritten; the last lines, where an activity has rows.

    Args:
        stream: of the terminal.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = getattr(stream, "_stream", stream)  # without what is done before other texts
        self._shown = ""

    def show(self, now: Activity) -> None:
        """Overwrite the line where it changes."""
        columns, lines = shutil.get_terminal_size()
        text = live_text(now, columns - 1, now.rows[: max(0, lines - 2)])
        if text != self._shown:
            self._write(f"{self._erase}{text}")
            self._shown = text

    def clear(self) -> None:
        """Remove the line."""
        if self._shown:
            self._write(self._erase)
            self._shown = ""

    @property
    def _erase(self) -> str:
        """What removes the lines that are shown."""
        rows = self._shown.count("\n")
        return f"\r\x1b[{rows}A\x1b[J" if rows else "\r\x1b[K"

    def _write(self, text: str) -> None:
        try:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                encoding = self._stream.encoding or "ascii"
                self._stream.write(text.replace("…", "...").encode(encoding, "replace").decode(encoding))
            self._stream.flush()
        except (OSError, ValueError):  # the terminal has gone
            pass


class ProgressLines:
    """Lines on standard error: one where an activity begins to be long, then fewer and fewer."""

    def __init__(self) -> None:
        self._waits: dict[str, float] = {}

    def show(self, now: Activity) -> None:
        """Print a line if nothing was printed for long enough."""
        kind = re.sub(r"\d+", "", now.title)  # an epoch is no other activity than the epoch before it
        wait = self._waits.get(kind, FIRST_SECONDS)
        if time.monotonic() - max(output.last, now.began) < wait:
            return
        self._waits[kind] = NEXT_SECONDS if kind not in self._waits else min(2 * wait, MOST_SECONDS)
        sys.stderr.write(f"  {plain_text(now)}\n")
        sys.stderr.flush()
        output.last = time.monotonic()

    def clear(self) -> None:
        """Remove nothing: printed lines stay."""


class NotebookOutput:
    """One output of a cell, updated."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._last = 0.0

    def show(self, now: Activity) -> None:
        """Update the output, at most twice per second."""
        if time.monotonic() - self._last >= NOTEBOOK_SECONDS:
            self._last = time.monotonic()
            self._put(live_text(now, 100, now.rows))

    def clear(self) -> None:
        """Empty the output where all activities have ended; other texts are below it."""
        if self._handle is not None and not activities.stack:
            self._put("")
            self._handle = None

    def _put(self, text: str) -> None:
        from IPython.display import display

        data = {"text/plain": text}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(data, raw=True)


def plain_text(now: Activity) -> str:
    """Return a line about an activity.

    Example:
        >>> plain_text(Activity("decoding", 1200, 300, "2 unreadable"))
        'decoding: 300/1,200, 2 unreadable'
    """
    count = f"{now.done:,}/{now.total:,}" if now.total and now.done else ""
    return _joined(now, count, time.monotonic() - now.began)


def live_text(now: Activity, width: int, rows: Sequence[str] = ()) -> str:
    """Return a line about an activity of at most so many characters; a bar and the time so far where there is space.

    `rows` are further lines below it.
    """
    seconds = time.monotonic() - now.began
    count = f"{now.done:,}/{now.total:,}" if now.total else ""
    bar = [f"{bar_text(now.done / now.total)} {count}"] if now.total and width >= LEAST else []
    texts = [_joined(now, one, with_time) for one in (*bar, count) for with_time in (seconds, 0.0)]
    text = next((one for one in texts if len(one) <= width), texts[-1])
    return "\n".join([_cut(text, width), *(_cut(f"  {one_line(row)}", width) for row in rows)])


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def bar_text(share: float) -> str:
    """Return a bar.

    Example:
        >>> bar_text(0.25)
        '[#####...............]'
    """
    filled = round(BAR * min(max(share, 0.0), 1.0))
    return f"[{'#' * filled}{'.' * (BAR - filled)}]"


def _joined(now: Activity, count: str, seconds: float) -> str:
    """Return title, steps, note, the time so far and the end of everything."""
    time_so_far = f"{duration(seconds)} so far" if seconds >= SHOWN_FROM else ""
    parts = [part for part in (count, now.note, time_so_far, activities.outlook) if part]
    return one_line(f"{now.title}: {', '.join(parts)}" if parts else f"{now.title} …")
