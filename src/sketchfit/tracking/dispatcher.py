"""Sends the events of a run to its callbacks without ever delaying or failing the run.

Each callback works in its own thread, behind a queue that never blocks. A tracker whose server is down costs a run no
more than the seconds that its end waits for events that are still being sent.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, Full, Queue

from sketchfit.redact import redact
from sketchfit.tracking.callback import Callback, Failure, Row, RunInfo, RunReport

CAPACITY = 2000
"""Most events that wait for one callback; newer ones are dropped."""

STRIKES = 3
"""A callback that has failed this many times in a row is no longer called."""

log = logging.getLogger(__name__)


class _Worker:
    """One callback and the thread that calls it."""

    def __init__(self, name: str, callback: Callback) -> None:
        self.name, self.callback = name, callback
        self._queue: Queue[Callable[[], None]] = Queue(CAPACITY)
        self._idle = threading.Event()
        self._idle.set()
        self._lock = threading.Lock()
        self._pending = 0
        self._failed_in_a_row = 0
        self._warned: set[str] = set()
        threading.Thread(target=self._work, name=f"sketchfit-{name}", daemon=True).start()

    def send(self, call: Callable[[], None]) -> None:
        with self._lock:
            try:
                self._queue.put_nowait(call)
            except Full:
                self.warn_once("full", "too slow; some of its events are dropped")
                return
            self._pending += 1
            self._idle.clear()

    def wait(self, seconds: float) -> bool:
        return self._idle.wait(max(seconds, 0.0))

    def give_up(self) -> None:
        """Drop all waiting events, so that a thread that continues later sends nothing more."""
        self._failed_in_a_row = STRIKES
        with suppress(Empty):
            while True:
                self._queue.get_nowait()
        with suppress(Exception):
            self.callback.abandon()

    def warn_once(self, kind: str, text: str) -> None:
        if kind not in self._warned:
            self._warned.add(kind)
            log.warning(redact(f"{self.name}: {text}"))

    def _work(self) -> None:
        while True:
            call = self._queue.get()
            try:
                if self._failed_in_a_row < STRIKES:
                    call()
                    self._failed_in_a_row = 0
            except BaseException as error:
                # Trackers raise SystemExit and exceptions of their own; none of them may reach the run.
                self._failed_in_a_row += 1
                self.warn_once("error", f"{_one_line(error)}; the run continues without it")
            finally:
                del call
                with self._lock:
                    self._pending -= 1
                    if self._pending == 0:
                        self._idle.set()


class Dispatcher(Callback):
    """All callbacks of a run as one callback that never fails and never waits.

    Each callback's first error, dropped event and late end is logged as a warning, once.

    Attributes:
        patience: most seconds that `close` waits.
    """

    def __init__(self, patience: float = 4.0) -> None:
        self.patience = patience
        self._workers: list[_Worker] = []

    def add(self, name: str, callback: Callback) -> None:
        """Send all later events to this callback, too.

        Args:
            name: of the callback in warnings.
            callback: receives the events in a thread of its own.
        """
        self._workers.append(_Worker(name, callback))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the callbacks."""
        return tuple(worker.name for worker in self._workers)

    def run_started(self, info: RunInfo) -> None:
        """Forward the event to all callbacks."""
        self._send(lambda callback: callback.run_started(info))

    def step_finished(self, member: str, fold: int, step: int, row: Row) -> None:
        """Forward the event to all callbacks."""
        self._send(lambda callback: callback.step_finished(member, fold, step, row))

    def epoch_finished(self, member: str, fold: int, row: Row) -> None:
        """Forward the event to all callbacks, with the row as it is now."""
        row = dict(row)
        self._send(lambda callback: callback.epoch_finished(member, fold, row))

    def fold_finished(self, member: str, fold: int, row: Row) -> None:
        """Forward the event to all callbacks."""
        self._send(lambda callback: callback.fold_finished(member, fold, row))

    def run_finished(self, report: RunReport) -> None:
        """Forward the event to all callbacks."""
        self._send(lambda callback: callback.run_finished(report))

    def run_failed(self, failure: Failure) -> None:
        """Forward the event to all callbacks."""
        self._send(lambda callback: callback.run_failed(failure))

    def close(self) -> None:
        """Wait until all events are sent, at most `patience` seconds for all callbacks together; drop the rest."""
        deadline = time.monotonic() + self.patience
        late = [worker for worker in self._workers if not worker.wait(deadline - time.monotonic())]
        for worker in late:
            worker.give_up()
            worker.warn_once("late", f"not everything was sent within {self.patience:g} s; the rest is dropped")
        self._workers.clear()

    def _send(self, event: Callable[[Callback], None]) -> None:
        for worker in self._workers:
            worker.send(_bound(event, worker.callback))


def _bound(event: Callable[[Callback], None], callback: Callback) -> Callable[[], None]:
    return lambda: event(callback)


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
