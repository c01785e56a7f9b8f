"""`log.txt` of a run: what its commands printed, each line with its time, secrets replaced by stars."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sketchfit.files import NEW_FILE
from sketchfit.moving import delete_file
from sketchfit.redact import redact, this_command
from sketchfit.tracking.console import CONTINUED, LOGGER, ONCE
from sketchfit.tracking.supervise import describe
from sketchfit.visible import visible


class LogFile(logging.Handler):
    """Keeps lines until the file is known, and adds them to it from then on. Its errors are no errors of the run."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._path: Path | None = None
        self._kept: list[str] = []
        self._keys = set[str]()
        self._began = time.time()

    def begin(self, path: Path) -> None:
        """Add this command and what is kept to a file. A link in its place is removed, never followed."""
        with suppress(OSError):
            if path.is_symlink():
                delete_file(path)
        self._path = path
        self._kept.insert(0, _line(self._began, f"$ {this_command()}"))
        self._write()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep or write a record; of those with the same key only the first."""
        key = getattr(record, ONCE, None)
        if key is not None:
            if key in self._keys:
                return
            self._keys.add(key)
        level = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        try:
            self.add(record.created, level + record.getMessage())
        except Exception:
            self.handleError(record)

    def add(self, when: float, text: str) -> None:
        """Keep or write a text; further lines of it are indented."""
        self._kept.append(_line(when, redact(text)))
        self._write()

    def _write(self) -> None:
        if self._path is not None:
            with suppress(OSError), open(self._path, "a", encoding="utf-8", newline="", opener=_opened) as file:
                file.writelines(self._kept)
            self._kept.clear()


def _opened(path: str, flags: int) -> int:
    """Open a file, but no link; a named pipe that nobody reads is an error, and is not waited for."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), NEW_FILE)


def _line(when: float, text: str) -> str:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))
    return f"{stamp}  {visible(text)}".replace("\n", CONTINUED) + "\n"


@contextmanager
def log_file() -> Iterator[LogFile]:
    """Yield a log that receives the records of the block; what ends the block early is its last line."""
    handler = LogFile()
    logging.getLogger(LOGGER).addHandler(handler)
    try:
        yield handler
    except BaseException as error:
        handler.add(time.time(), describe(error).headline)
        raise
    finally:
        logging.getLogger(LOGGER).removeHandler(handler)
