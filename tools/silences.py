"""Runs a command in a pseudo-terminal, and prints how long it printed nothing.

    python -m tools.silences --longer 2 -- sketchfit run data --recipe demo

Prints a line per gap of at least `--longer` seconds: when it began, how long it was, and what was printed before it.
The exit status is that of the command; 1 if it is 0 and there is a gap.
"""

from __future__ import annotations

import argparse
import os
import pty
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Silence:
    """A time without output.

    Attributes:
        start: seconds after the start of the command.
        seconds: how long.
        before: last line before it.
    """

    start: float
    seconds: float
    before: str

    def __str__(self) -> str:
        return f"{self.start:7.1f} s: {self.seconds:5.1f} s after {self.before!r}"


def silences(command: Sequence[str]) -> tuple[int, list[Silence]]:
    """Run a command in a terminal of 80 columns; return its exit status and all times without output.

    Args:
        command: the program and its arguments.
    """
    found: list[Silence] = []
    began = last = time.monotonic()
    text = ""

    def read(descriptor: int) -> bytes:
        nonlocal last, text
        try:
            data = os.read(descriptor, 65536)
        except OSError:  # Linux reports the end of a terminal as an error
            data = b""
        now = time.monotonic()
        found.append(Silence(last - began, now - last, last_line(text)))
        last, text = now, (text + data.decode("utf-8", "replace"))[-2000:]
        return data

    os.environ.setdefault("COLUMNS", "80")
    status = os.waitstatus_to_exitcode(pty.spawn(list(command), read))
    return status, found


def last_line(text: str) -> str:
    """Return what the last line of a terminal shows after a text.

    Example:
        >>> last_line("first\\r\\nsecond\\r\\x1b[Kthird")
        'third'
    """
    lines = [one for one in re.split(r"[\r\n]+", CONTROL.sub("", text)) if one.strip()]
    return lines[-1] if lines else ""


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--longer", type=float, default=2.0, help="seconds from which on a gap is printed")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    status, found = silences(given.command)
    long = [one for one in found if one.seconds >= given.longer]
    for one in long:
        print(one, file=sys.stderr)
    print(f"longest silence: {max(one.seconds for one in found):.1f} s", file=sys.stderr)
    return status or int(bool(long))


if __name__ == "__main__":
    sys.exit(main())
