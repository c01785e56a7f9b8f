"""Standard output and standard error that never stop a command: characters that they lack, a reader that has left and
a full disk cost the text, not the work."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO, cast

from sketchfit.errors import UserError
from sketchfit.live import output
from sketchfit.text_tables import width_of, wrapped
from sketchfit.visible import visible

PLAIN = str.maketrans({
    "–": "-", "—": "-", "−": "-", "→": "->", "…": "...", "×": "x", "·": "*", "±": "+-", "≤": "<=", "≥": ">=", "²": "2",
    "“": '"', "”": '"', "‘": "'", "’": "'", "│": "|", "─": "-", "━": "-",
})  # fmt: skip
"""What is printed for characters of sketchfit's own texts where the encoding has no such character."""


class LenientStream:
    """A text stream whose `write` and `flush` never fail.

    Characters that the encoding lacks are replaced by plain ones or by their code. A text that cannot be written is
    dropped. After the first text that a closed pipe refused, nothing is written any more.

    Args:
        stream: that is written; everything else is read from it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        # Without `buffer`, click writes through `write` whatever the encoding is.
        if name in ("_stream", "buffer"):
            raise AttributeError(name)
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text as far as that is possible; return its length."""
        with output.lock, self._forgiving():
            output.before_text(text)
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                self._stream.write(encodable(text, self._stream.encoding or "ascii"))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Write what is buffered, as far as that is possible."""
        with self._forgiving():
            self._stream.flush()

    def finish(self) -> None:
        """Flush for the last time; what cannot be written is dropped, so that Python does not report it at its end."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self._discard()

    @contextmanager
    def _forgiving(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            self._discard()
        except (OSError, ValueError):  # a full disk, or a stream that was closed
            pass

    def _discard(self) -> None:
        """Send what is buffered, and all that follows, to the null device."""
        with suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)
            self._stream.flush()


def encodable(text: str, encoding: str) -> str:
    """Return a text with only characters of an encoding; others become plain ones or their code."""
    plain = "".join(one if _fits(one, encoding) else one.translate(PLAIN) for one in text)
    return plain.encode(encoding, "backslashreplace").decode(encoding)


def _fits(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def lenient_streams() -> Iterator[None]:
    """Make standard output and standard error lenient while the block runs; closed ones become the null device."""
    _open_missing_descriptors()
    before: tuple[Any, Any] = sys.stdout, sys.stderr
    made = [lenient(_or_null(one)) for one in before]
    for one, stream in zip(made, before, strict=True):
        if stream in (sys.__stdout__, sys.__stderr__):
            atexit.register(one.finish)
    sys.stdout, sys.stderr = cast(Any, made)
    try:
        yield
    finally:
        for one in made:
            one.flush()
        sys.stdout, sys.stderr = before


def lenient(stream: Any) -> LenientStream:
    """Return a stream that never fails; itself if it already is one."""
    return stream if isinstance(stream, LenientStream) else LenientStream(stream)


def echo(text: str, *, error: bool = False, end: str = "\n") -> None:
    """Print a text for people, with visible control characters.

    Args:
        text: may have several lines.
        error: print to standard error.
        end: printed after the text.
    """
    stream = lenient(sys.stderr if error else sys.stdout)
    text = visible(text)
    if error:
        text = "\n".join(part for line in text.split("\n") for part in wrapped(line, width_of(stream)))
    stream.write(text + end)
    stream.flush()


def print_data(text: str) -> None:
    """Print a text for programs, such as a CSV: the same bytes as in a file. On a terminal it is a text for people.

    A reader that has left is no error.

    Raises:
        UserError: standard output cannot be written.
    """
    stream = lenient(sys.stdout)
    try:
        number = stream.fileno()
    except (OSError, ValueError, AttributeError):  # a stream in memory
        stream.write(text)
        return
    if stream.isatty():
        echo(text, end="")
        return
    stream.flush()
    try:
        with suppress(BrokenPipeError), os.fdopen(os.dup(number), "wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise UserError(f"standard output cannot be written: {error.strerror or error}", "Use --out FILE.") from error


def _open_missing_descriptors() -> None:
    """Open the null device for closed standard descriptors; a data file would take their numbers, and be printed to."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _or_null(stream: TextIO | None) -> TextIO:
    return stream if stream is not None else Path(os.devnull).open("w", encoding="utf-8")
