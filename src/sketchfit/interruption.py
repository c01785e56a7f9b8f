"""Signals that stop a command in order, and signals that request a checkpoint.

Ctrl-C, SIGTERM, SIGHUP and on Windows Ctrl-Break raise an exception in the main thread. Where an exception would tear
apart what belongs together, `postponed_stop` moves it to the end of the block. The second signal ends the process at
once. SIGUSR1 and SIGUSR2, by which Slurm and others warn of the end of a job, set what `take_save_request` returns.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from sketchfit.own_system import WINDOWS


def _known(*names: str) -> tuple[int, ...]:
    """Return those signals that this system has."""
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


STOP_SIGNALS = _known("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
SAVE_SIGNALS = _known("SIGUSR1", "SIGUSR2")

SAME_SECONDS = 1.0
"""A further signal within this time is the same one: `timeout` and launchers send one to the process and its group."""

NOTE = b"\nstopping; the same signal again stops at once\n"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, raised where a training can save its state."""


class Terminated(SystemExit):
    """SIGTERM or SIGHUP as an exception, so that a command ends in order; the exit status is that of a shell.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int = signal.SIGTERM) -> None:
        self.number = number
        super().__init__(128 + number)

    def __str__(self) -> str:
        return signal.Signals(self.number).name


STOPPED = (Interrupted, Terminated)
"""What the handlers raise; a `KeyboardInterrupt` of other handlers may come at any place."""


@dataclass
class _Received:
    """Signals that were received so far.

    Attributes:
        stop: the first one that stops, None before it.
        since: reading of the clock at that time.
        postponed: number of blocks in which it is not raised.
        waiting: whether it has not been handled yet. Where it was raised in a destructor, Python has dropped it.
        save: whether a checkpoint is requested.
        silent: whether nothing is printed about a signal.
        blocks: number of blocks of `handled_signals` around what runs.
    """

    stop: int | None = None
    since: float = 0.0
    postponed: int = 0
    waiting: bool = False
    save: bool = False
    silent: bool = False
    blocks: int = 0


_received = _Received()


@contextmanager
def handled_signals(*, last: bool = False, silent: bool = False) -> Iterator[None]:
    """Handle the signals while the block runs, in the main thread; other handlers that are set stay as they are.

    Args:
        last: the process ends after the block. Once it is stopped, the handlers stay: the same signal again, while
            Python ends, raises nothing.
        silent: print nothing when a signal comes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = dict.fromkeys(STOP_SIGNALS, _on_stop) | dict.fromkeys(SAVE_SIGNALS, _on_save)
    before = {
        number: found
        for number in handlers
        if (found := signal.getsignal(number)) in (signal.SIG_DFL, signal.default_int_handler)
    }
    if not _received.blocks:
        _forget()  # what came before this command, in the same process
    _received.silent = silent
    _received.blocks += 1
    usual_hook, sys.unraisablehook = sys.unraisablehook, _without_stops(sys.unraisablehook)
    for number in before:
        signal.signal(number, handlers[number])
    _unblock(before)
    try:
        yield
    finally:
        _received.blocks -= 1
        if not (last and _received.stop):
            sys.unraisablehook = usual_hook
            for number, handler in before.items():
                signal.signal(number, handler)
            if not _received.blocks:
                _forget()


@contextmanager
def postponed_stop() -> Iterator[None]:
    """Raise a signal that comes in the block at its end; also if the block ends by an exception."""
    _received.postponed += 1
    try:
        yield
    finally:
        _received.postponed -= 1
        raise_stop()


@contextmanager
def stop_allowed() -> Iterator[None]:
    """Raise signals at any place in the block, within blocks that postpone them."""
    before, _received.postponed = _received.postponed, 0
    try:
        raise_stop()
        yield
    finally:
        _received.postponed = before


def raise_stop() -> None:
    """Raise the signal that was received, if none of the blocks around postpones it."""
    if _received.waiting and not _received.postponed and _received.stop is not None:
        raise _error(_received.stop)


def stop_is_waiting() -> bool:
    """Return whether a signal was received that nothing has handled yet."""
    return _received.waiting


def is_stopping() -> bool:
    """Return whether a signal was received that stops this process, handled or not."""
    return _received.stop is not None


def handle_stop() -> None:
    """Raise the signal no more: it is being handled."""
    _received.waiting = False


def take_save_request() -> bool:
    """Return whether a checkpoint was requested since the last call."""
    taken, _received.save = _received.save, False
    return taken


def request_save() -> None:
    """Request a checkpoint, as SIGUSR1 does."""
    _received.save = True


def request_stop() -> None:
    """Send SIGTERM to the main thread of this process, from another thread; nothing where it is being stopped.

    Where SIGTERM has no handler, it is SIGINT, which does not end an interactive session.
    """
    if _received.stop is not None:
        return
    number = signal.SIGINT if signal.getsignal(signal.SIGTERM) in (signal.SIG_DFL, None) else signal.SIGTERM
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, number)
    else:
        signal.raise_signal(number)


@contextmanager
def save_signals_blocked() -> Iterator[None]:
    """Block SIGUSR1 and SIGUSR2 while a process is started: it takes them once it handles them, and is not ended."""
    before = _change_mask("SIG_BLOCK", SAVE_SIGNALS)
    try:
        yield
    finally:
        _change_mask("SIG_SETMASK", before)


def _on_stop(number: int, _frame: FrameType | None) -> None:
    now = time.monotonic()
    if _received.stop is None:
        _received.stop, _received.since = number, now
        if not _received.silent:
            with suppress(OSError):  # not by the stream, in whose `write` the signal may have come
                os.write(2, NOTE)
        _received.waiting = True
        raise_stop()
    elif now - _received.since > SAME_SECONDS:
        signal.signal(number, signal.SIG_DFL)
        if not WINDOWS:  # there the exit status would be the number
            os.kill(os.getpid(), number)
        os._exit(128 + number)  # the first process of a container is not ended by it


def _without_stops(hook: Callable[[Any], object]) -> Callable[[Any], object]:
    """Return a hook that prints nothing about a stop that Python drops, as in a destructor: it is raised later."""

    def print_others(dropped: Any) -> None:
        if not isinstance(dropped.exc_value, STOPPED):
            hook(dropped)

    return print_others


def _on_save(_number: int, _frame: FrameType | None) -> None:
    _received.save = True


def _error(number: int) -> BaseException:
    return Interrupted() if number == signal.SIGINT else Terminated(number)


def _unblock(numbers: Iterable[int]) -> None:
    _change_mask("SIG_UNBLOCK", [one for one in numbers if one in SAVE_SIGNALS])


def _change_mask(how: str, numbers: Iterable[int]) -> Iterable[int]:
    """Change which signals this thread blocks; return those that it blocked. Windows blocks none."""
    change = getattr(signal, "pthread_sigmask", None)
    return () if change is None else change(getattr(signal, how), numbers)


def _forget() -> None:
    _received.stop, _received.waiting, _received.save = None, False, False
