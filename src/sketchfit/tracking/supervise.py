"""Reports to a run's callbacks what ended the run early: an error, SIGTERM, Ctrl-C, or lack of memory."""

from __future__ import annotations

import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sketchfit.redact import redact
from sketchfit.tracking.callback import Failure
from sketchfit.tracking.dispatcher import Dispatcher

LAST_LINES = 12
"""Number of lines of the traceback that are reported."""


class Terminated(SystemExit):
    """SIGTERM as an exception, so that a run ends in order; the exit status is the usual one of a shell, 143."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)

    def __str__(self) -> str:
        return "SIGTERM"


@contextmanager
def supervised() -> Iterator[Dispatcher]:
    """Yield a dispatcher without callbacks; send it what ends the block early, and close it at the end.

    The original error is always raised. SIGTERM raises `Terminated` in the block, if this is the main thread and
    nothing else handles the signal.
    """
    dispatcher = Dispatcher()
    with _sigterm_raises():
        try:
            yield dispatcher
        except BaseException as error:
            dispatcher.run_failed(describe(error))
            raise
        finally:
            dispatcher.close()


def describe(error: BaseException) -> Failure:
    """Return what is reported about an error; secrets are replaced by stars."""
    stopped = isinstance(error, KeyboardInterrupt | Terminated)
    name = type(error).__name__
    first = next(iter(str(error).strip().splitlines()), "")
    if stopped:
        by = "a person (Ctrl-C)" if isinstance(error, KeyboardInterrupt) else "the system (SIGTERM)"
        return Failure(f"stopped by {by}; the same command continues from here", stopped=True)
    if isinstance(error, MemoryError) or name == "OutOfMemoryError":
        return Failure(redact(f"out of memory ({name}{': ' + first if first else ''})"), _last_lines(error))
    return Failure(redact(f"{name}: {first}" if first else name), _last_lines(error))


def _last_lines(error: BaseException) -> str:
    try:
        lines = "".join(traceback.format_exception(error)).rstrip().splitlines()
    except MemoryError:
        return ""
    return redact("\n".join(lines[-LAST_LINES:]))


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        # A second signal, while the first is being reported, ends the process at once.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Terminated

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
