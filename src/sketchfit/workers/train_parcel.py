"""Trains a unit on a worker, in a temporary folder, and sends what happens meanwhile."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from typing_extensions import override

from sketchfit.activity import activities
from sketchfit.errors import UserError
from sketchfit.interruption import STOPPED, handle_stop, handled_signals, request_save
from sketchfit.runs.folder import RunFolder
from sketchfit.temporary import temporary_folder
from sketchfit.tracking.callback import Callback
from sketchfit.tracking.console import LOGGER, ONCE, Console
from sketchfit.tracking.dispatcher import Dispatcher
from sketchfit.training.context import RunContext
from sketchfit.training.engine import make_engine
from sketchfit.workers.crossing import EventSender, sendable
from sketchfit.workers.messages import UnitEnd, UnitLog, UnitMessage, UnitProgress
from sketchfit.workers.network_files import ChangedFiles, read_files, write_files
from sketchfit.workers.node_stores import open_member
from sketchfit.workers.parcel import SharedParcel, UnitParcel, unpacked
from sketchfit.workers.threads import unit_threads

LOOK = 1.0
"""Seconds between two looks at what has changed."""

SHARE = 0.02
"""Most of the time that is spent on sending files."""

Send = Callable[[Sequence[UnitMessage]], int]
"""Sends messages to the run; returns how often the run has requested checkpoints so far."""


def train_parcel(shared: SharedParcel, parcel: UnitParcel, send: Send) -> UnitEnd:
    """Train a unit, from its checkpoint if there is one.

    Args:
        shared: what all units need.
        parcel: of the unit.
        send: receives messages in order, from one thread at a time.
    """
    with temporary_folder() as place, unit_threads(shared.threads):
        run = RunFolder(place / shared.run.name)
        folder = run.fold(parcel.folder, parcel.fold)
        folder.mkdir(parents=True)
        write_files(folder, parcel.files)
        console = Console("none")
        outbox = Outbox(folder, console, send)
        try:
            with handled_signals(silent=True), outbox:
                _train(run, shared, parcel, console, outbox)
        except STOPPED:
            handle_stop()
            return UnitEnd(stopped=True)
        except Exception as error:
            return UnitEnd(read_files(folder, checkpoints=False), portable(error, run.path, shared.run))
        return UnitEnd(read_files(folder, checkpoints=False))


def _train(run: RunFolder, shared: SharedParcel, parcel: UnitParcel, console: Console, outbox: Outbox) -> None:
    engine = make_engine(parcel.recipe.compute)
    context = RunContext(run, parcel.recipe, shared.table, engine, console, dispatcher=ForwardingDispatcher(outbox))
    vars(context)["row_ids"] = shared.row_ids  # a cached property, which takes a pass over all files
    train = unpacked(parcel.train, lambda name: open_member(name, shared.table, console), context.dispatcher)
    train(context)


class Outbox(logging.Handler):
    """Sends log records, events, progress and changed files of a unit while the block runs.

    Args:
        folder: of the network.
        console: on which the training shows its progress.
        send: receives messages.
    """

    def __init__(self, folder: Path, console: Console, send: Send) -> None:
        super().__init__()
        self._changed, self._console, self._send = ChangedFiles(folder), console, send
        self._waiting: deque[UnitMessage] = deque()
        self._before: list[logging.Handler] = []
        self._ended = threading.Event()
        self._saves: int | None = None
        self._thread = threading.Thread(target=self._work, name="sketchfit-outbox", daemon=True)

    def __enter__(self) -> Outbox:
        self._before, logging.getLogger(LOGGER).handlers = logging.getLogger(LOGGER).handlers, [self]
        self._changed.forget()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger(LOGGER).handlers = self._before
        self._ended.set()
        self._thread.join()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        once, fine = getattr(record, ONCE, None), getattr(record, "fine", False)
        self.add(UnitLog(record.created, record.levelno, record.getMessage(), once, fine))

    def add(self, message: UnitMessage) -> None:
        """Send a message soon."""
        self._waiting.append(message)

    def _work(self) -> None:
        """Send until the block has ended, and once more; nothing where the run does not listen any more."""
        files_from = 0.0
        try:
            while not (ended := self._ended.wait(LOOK)):
                files_from = self._look(files_from)
            self._look(0.0 if ended else files_from)
        except Exception:
            logging.getLogger(__name__).debug(traceback.format_exc())

    def _look(self, files_from: float) -> float:
        """Send what there is; return when files are sent next, so that sending them takes little of the time."""
        began = time.monotonic()
        messages = [self._waiting.popleft() for _ in range(len(self._waiting))]  # others are added meanwhile
        changed = self._changed.look() if began >= files_from else None
        messages += [changed] if changed is not None else []
        saves = self._send([*messages, self._progress()])
        if self._saves is not None and saves > self._saves:
            request_save()
        self._saves = max(saves, self._saves or 0)  # a mailbox that was started again counts from 0 for a moment
        return began if changed is None else time.monotonic() + (time.monotonic() - began) / SHARE

    def _progress(self) -> UnitProgress:
        now = activities.now
        title, note = ("", "") if now is None else (now.title, now.note)
        return UnitProgress(socket.gethostname(), os.getpid(), title, note, self._console.outlook.share)


class ForwardingDispatcher(Dispatcher):
    """A dispatcher whose events are sent to the run, which has the trackers."""

    def __init__(self, outbox: Outbox) -> None:
        super().__init__()
        self._outbox = outbox

    @override
    def _send(self, event: Callable[[Callback], None]) -> None:
        event(EventSender(self._outbox.add))


def portable(error: Exception, own: Path, run: Path) -> Exception:
    """Return an error that can be pickled; a user's error names the run's folder in place of the worker's."""
    error = sendable(error)
    if isinstance(error, UserError):
        problems, hint = (
            [text.replace(str(own), str(run)) for text in texts] for texts in (error.problems, [error.hint])
        )
        error = type(error)(problems, hint[0])
    return error
