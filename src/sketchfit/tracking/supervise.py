"""Reports to a run's callbacks what ended the run early: an error, SIGTERM, Ctrl-C, or lack of memory."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from sketchfit.interruption import Terminated, handled_signals
from sketchfit.redact import redact
from sketchfit.tracking.callback import Failure
from sketchfit.tracking.dispatcher import Dispatcher

LAST_LINES = 12
"""Number of lines of the traceback that are reported."""


@contextmanager
def supervised() -> Iterator[Dispatcher]:
    """Yield a dispatcher without callbacks; send it what ends the block early, and close it at the end.

    The original error is always raised. Signals are handled as in `sketchfit.interruption`.
    """
    dispatcher = Dispatcher()
    with handled_signals():
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
        by = "a person (Ctrl-C)" if isinstance(error, KeyboardInterrupt) else f"the system ({error})"
        return Failure(f"stopped by {by}; the same command (without --fresh) continues from here", stopped=True)
    if isinstance(error, MemoryError) or name == "OutOfMemoryError" or "MPS backend out of memory" in first:
        return Failure(redact(f"out of memory ({name}{': ' + first if first else ''})"), _last_lines(error))
    return Failure(redact(f"{name}: {first}" if first else name), _last_lines(error))


def _last_lines(error: BaseException) -> str:
    try:
        lines = "".join(traceback.format_exception(error)).rstrip().splitlines()
    except MemoryError:
        return ""
    return redact("\n".join(lines[-LAST_LINES:]))
