"""The processes that train several networks of a run with a deadline at the same time, one network each."""

from __future__ import annotations

import logging
import math
import pickle
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import torch

from sketchfit.interruption import STOPPED, handle_stop, take_save_request
from sketchfit.piped import PipedProcess, module_command
from sketchfit.planning.pace import LateError
from sketchfit.stages.planned.devices import process_variables
from sketchfit.stages.planned.messages import Message, TrainingEnd, TrainingRequest, WorkerOrder
from sketchfit.tracking.callback import Callback
from sketchfit.tracking.console import ONCE
from sketchfit.workers.messages import UnitEvent

log = logging.getLogger(__name__)

COMMAND = module_command("sketchfit.stages.planned.worker")
"""Starts a process."""

POLL = 1.0
"""Seconds after which the time is looked at again."""

SAVING = 5.0
"""Seconds that the processes have to save checkpoints when a signal stops the run; then they are killed."""

Ended = Callable[[int, BaseException | None], None]
"""Receives the place of a request that has ended, and the error that ended it early."""


class LostProcessError(Exception):
    """A training process has ended without a result, for example for lack of memory.

    Args:
        status: its exit status; negative: the number of a signal.
    """

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"its process ended with status {status}")


@dataclass(frozen=True)
class _Process:
    """A process that trains one network at a time."""

    piped: PipedProcess

    @classmethod
    def start(cls, variables: Mapping[str, str]) -> _Process:
        return cls(PipedProcess.start(COMMAND, variables))

    @property
    def process(self) -> subprocess.Popen[bytes]:
        return self.piped.process

    def send(self, request: TrainingRequest | WorkerOrder) -> None:
        with suppress(OSError):  # a process that has ended receives nothing, which `receive` reports
            pickle.dump(request, self.piped.requests)
            self.piped.requests.flush()

    def receive(self) -> Message:
        """Return the next message; the end of the process is the end of its training."""
        try:
            message: Message = pickle.load(self.piped.messages)
        except Exception:  # the pipe is closed, or what was sent is no message
            self.process.kill()
            return TrainingEnd(LostProcessError(self.process.wait()))
        return message

    def stop(self) -> None:
        self.piped.end()


class Team:
    """Trains networks at the same time. Its processes are started when they are first needed.

    Args:
        size: number of processes; they share the threads of this one.
        callback: receives the events of all trainings.
        gpus: from `find_gpus`, of which each process has one; empty: they compute where this one does.
    """

    def __init__(self, size: int, callback: Callback, gpus: Sequence[str] = ()) -> None:
        self.size, self._callback, self._gpus = size, callback, gpus
        self._processes: list[_Process] = []

    def start(self) -> None:
        """Start the processes, whose imports take seconds."""
        variables = process_variables(self.size, torch.get_num_threads(), self._gpus)
        while len(self._processes) < self.size:
            self._processes.append(_Process.start(variables[len(self._processes)]))

    def train(
        self, requests: Sequence[TrainingRequest], ended: Ended, patience: Callable[[], float] = lambda: math.inf
    ) -> None:
        """Train at most `size` networks, and wait until all have ended.

        Args:
            requests: of the trainings.
            ended: called as each of them ends.
            patience: returns the seconds after which trainings that have not ended are late, and their processes ended.
        """
        self.start()
        messages: queue.Queue[tuple[int, Message]] = queue.Queue()
        for place, request in enumerate(requests):
            self._processes[place].send(request)
            threading.Thread(target=_forward, args=(place, self._processes[place], messages), daemon=True).start()
        with self._saved_when_stopped():
            self._receive(messages, set(range(len(requests))), ended, patience)

    def _receive(
        self,
        messages: queue.Queue[tuple[int, Message]],
        left: set[int],
        ended: Ended,
        patience: Callable[[], float],
    ) -> None:
        """Receive messages until the trainings in these places have ended, or are late."""
        while left:
            if (seconds := patience()) < 0:
                self.stop()  # others are started when they are needed
                for place in sorted(left):
                    ended(place, LateError(0.0, seconds))
                return
            if take_save_request():
                self._order(WorkerOrder.SAVE)
            try:
                place, message = messages.get(timeout=POLL)
            except queue.Empty:
                continue
            if isinstance(message, TrainingEnd):
                ended(place, message.error)
                left.remove(place)
                if len(left) == 1:
                    self._processes[next(iter(left))].send(WorkerOrder.ALONE)
            elif isinstance(message, UnitEvent):
                message.repeat(self._callback)
            else:
                log.log(message.level, message.text, extra={ONCE: message.once} if message.once else None)

    @contextmanager
    def _saved_when_stopped(self) -> Iterator[None]:
        """Let the processes save their trainings where a signal stops the block."""
        try:
            yield
        except STOPPED:
            handle_stop()
            self._order(WorkerOrder.STOP)
            until = time.monotonic() + SAVING
            for one in self._processes:
                with suppress(subprocess.TimeoutExpired):
                    one.process.wait(max(0.0, until - time.monotonic()))
            raise

    def _order(self, order: WorkerOrder) -> None:
        for one in self._processes:
            one.send(order)

    def stop(self) -> None:
        """End the processes, whatever they do."""
        for one in self._processes:
            one.stop()
        self._processes = []


def _forward(place: int, process: _Process, messages: queue.Queue[tuple[int, Message]]) -> None:
    """Forward the messages of a training up to its end."""
    while True:
        message = process.receive()
        messages.put((place, message))
        if isinstance(message, TrainingEnd):
            return
