"""A process that trains networks of a run with a deadline: requests come by standard input, messages go to standard
output. It ends when its standard input is closed, so that it does not survive the run."""

from __future__ import annotations

import logging
import os
import pickle
import queue
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import BinaryIO

from typing_extensions import override

from sketchfit.data.store import stored
from sketchfit.interruption import Terminated, handled_signals, request_save, request_stop
from sketchfit.models.device import is_out_of_memory
from sketchfit.planning.pace import Pace
from sketchfit.printing import lenient_streams
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.context import Member, RunContext
from sketchfit.stages.planned.messages import (
    LogLine,
    Message,
    TrainingEnd,
    TrainingRequest,
    WorkerOrder,
)
from sketchfit.stages.planned.units import run_network
from sketchfit.tracking.console import LOGGER, ONCE, Console
from sketchfit.training.engine import make_engine
from sketchfit.workers.crossing import EventSender, sendable

ALONE = threading.Event()
"""Whether no other network is trained at the same time as the last request."""

NO_MEMORY = "can't allocate memory"
"""In the message of torch."""


class OtherDeviceError(Exception):
    """A process does not find the device on which it is to train, for example because the driver has failed."""


class Sender(logging.Handler):
    """Sends log records and other messages to the run.

    Args:
        stream: to which messages are written.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream, self._sending = stream, threading.Lock()

    def send(self, message: Message) -> None:
        """Write a message."""
        with self._sending:
            pickle.dump(message, self._stream)
            self._stream.flush()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.send(LogLine(record.levelno, record.getMessage(), getattr(record, ONCE, None)))


def main() -> None:
    """Train what is requested until standard input is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run receives it, and sends an order
    sender = Sender(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # what a library prints is no message
    console = Console("none")
    logging.getLogger(LOGGER).handlers = [sender]
    requests: queue.Queue[TrainingRequest] = queue.Queue()
    with lenient_streams(), handled_signals(silent=True):
        threading.Thread(target=_receive, args=(requests,), daemon=True).start()
        try:
            while True:
                sender.send(_end_of(requests.get(), console, sender))
        except Terminated as stopped:
            os._exit(128 + stopped.number)  # without waiting for the thread that reads


def _receive(requests: queue.Queue[TrainingRequest]) -> None:
    try:
        with suppress(EOFError):
            while True:
                match received := pickle.load(sys.stdin.buffer):
                    case WorkerOrder.SAVE:
                        request_save()
                    case WorkerOrder.STOP:
                        request_stop()
                    case WorkerOrder.ALONE:
                        ALONE.set()
                    case _:
                        ALONE.clear()
                        requests.put(received)
    finally:
        os._exit(1)  # the run has ended: a training in progress is continued by the next one


def _end_of(request: TrainingRequest, console: Console, sender: Sender) -> TrainingEnd:
    """Train a network; return how that ended, as something that can be pickled."""
    try:
        _train(request, console, sender)
    except Exception as error:
        if isinstance(error, MemoryError | OtherDeviceError) or NO_MEMORY in str(error) or is_out_of_memory(error):
            logging.getLogger(__name__).warning(f"a training process ends: {error}")
            os._exit(1)  # the run trains it again, alone
        return TrainingEnd(sendable(error))
    return TrainingEnd()


def _train(request: TrainingRequest, console: Console, sender: Sender) -> None:
    engine = make_engine(request.recipe.compute)
    if engine.device.type != request.device:
        raise OtherDeviceError(f"it computes on {engine.device.type}, and the run on {request.device}")
    context = RunContext(RunFolder(request.run), request.recipe, request.table, engine, console)
    vars(context)["row_ids"] = request.row_ids  # a cached property, which takes a pass over all files
    member = Member(request.member, request.member_recipe, *map(stored, request.stores))
    pace = Pace(
        request.expected,
        request.latest.left,
        time.monotonic,
        lambda: request.favoured and not ALONE.is_set(),
    )
    run_network(context, member, request.fold, pace, EventSender(sender.send))


if __name__ == "__main__":
    main()
