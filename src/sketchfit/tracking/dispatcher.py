"""Keeps a run from its callbacks: each works in its own thread, behind a queue that never blocks, and may fail or hang.

A training loses nothing to a dead server but the seconds that the end waits for what is still being sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, Full, Queue

from sketchfit.redact import redact
from sketchfit.tracking.callback import Callback, Failure, Outcome, Row, RunInfo

CAPACITY = 2000
"""Events that wait for an callback at most; the newest are dropped beyond it."""

STRIKES = 3
"""An callback that has failed this often in a row is not called any more."""

Warn = Callable[[str], None]


class _Worker:
    """One callback and the thread that calls it."""

    def __init__(self, name: str, callback: Callback, warn: Warn) -> None:
        self.name, self.callback, self._warn = name, callback, warn
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
                self.warn_once("full", "does not keep up; some of its events are left out")
                return
            self._pending += 1
            self._idle.clear()

    def wait(self, seconds: float) -> bool:
        return self._idle.wait(max(seconds, 0.0))

    def give_up(self) -> None:
        """Throw away what waits, so that a thread that comes back does nothing more."""
        self._failed_in_a_row = STRIKES
        with suppress(Empty):
            while True:
                self._queue.get_nowait()
        with suppress(Exception):
            self.callback.abandon()

    def warn_once(self, kind: str, text: str) -> None:
        if kind not in self._warned:
            self._warned.add(kind)
            self._warn(redact(f"{self.name}: {text}"))

    def _work(self) -> None:
        while True:
            call = self._queue.get()
            try:
                if self._failed_in_a_row < STRIKES:
                    call()
                    self._failed_in_a_row = 0
            except BaseException as error:
                # wandb and others raise SystemExit and their own; none of it is the run's business.
                self._failed_in_a_row += 1
                self.warn_once("error", f"{_one_line(error)}; the run goes on without it")
            finally:
                del call
                with self._lock:
                    self._pending -= 1
                    if self._pending == 0:
                        self._idle.set()


class Dispatcher(Callback):
    """All callbacks of a run as one that never fails and never waits.

    Attributes:
        warn: says one line to the user; called once for each callback and kind of trouble, from any thread.
        patience: seconds that `close` waits at most.
    """

    def __init__(self, warn: Warn = lambda _: None, patience: float = 4.0) -> None:
        self.warn, self.patience = warn, patience
        self._workers: list[_Worker] = []

    def add(self, name: str, callback: Callback) -> None:
        """Let an callback hear all that happens from now on."""
        self._workers.append(_Worker(name, callback, self.warn))

    @property
    def names(self) -> tuple[str, ...]:
        """Who listens."""
        return tuple(worker.name for worker in self._workers)

    def run_started(self, info: RunInfo) -> None:
        """Hand it on."""
        self._send(lambda callback: callback.run_started(info))

    def step_finished(self, member: str, fold: int, step: int, row: Row) -> None:
        """Hand it on."""
        self._send(lambda callback: callback.step_finished(member, fold, step, row))

    def epoch_finished(self, member: str, fold: int, row: Row) -> None:
        """Hand it on."""
        row = dict(row)
        self._send(lambda callback: callback.epoch_finished(member, fold, row))

    def fold_finished(self, member: str, fold: int, row: Row) -> None:
        """Hand it on."""
        self._send(lambda callback: callback.fold_finished(member, fold, row))

    def run_finished(self, outcome: Outcome) -> None:
        """Hand it on."""
        self._send(lambda callback: callback.run_finished(outcome))

    def run_failed(self, failure: Failure) -> None:
        """Hand it on."""
        self._send(lambda callback: callback.run_failed(failure))

    def close(self) -> None:
        """Wait until all is sent, at most `patience` for all callbacks together; then give up what is not."""
        deadline = time.monotonic() + self.patience
        late = [worker for worker in self._workers if not worker.wait(deadline - time.monotonic())]
        for worker in late:
            worker.give_up()
            worker.warn_once("late", f"not all was sent within {self.patience:g} s; the rest is left out")
        self._workers.clear()

    def _send(self, event: Callable[[Callback], None]) -> None:
        for worker in self._workers:
            worker.send(_bound(event, worker.callback))


def _bound(event: Callable[[Callback], None], callback: Callback) -> Callable[[], None]:
    return lambda: event(callback)


def _one_line(error: BaseException) -> str:
    lines: Sequence[str] = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
