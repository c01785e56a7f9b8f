"""Batches of augmented pictures made by processes, for a GPU.

Making a picture takes short calls of OpenCV and NumPy with Python between them. One thread of a process at a time runs
Python, also the one that starts the kernels of the network. Separate processes do not depend on each other.

torch's own `DataLoader` has processes too. They import torch, those that are not forked also the script of the user,
and each epoch, which has another augmentation, needs new ones. These import neither and stay for all trainings.
"""

from __future__ import annotations

import atexit
import logging
import os
import pickle
import queue
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.batches import Batch
from sketchfit.data.picture_process import FAILED, UNKNOWN
from sketchfit.data.picture_source import PictureSource
from sketchfit.data.samples import rows_of
from sketchfit.piped import PipedProcess, module_command
from sketchfit.tracking.console import ONCE

COMMAND = module_command("sketchfit.data.picture_process")
"""Starts a process."""

TOGETHER = 16
"""Samples that a process makes at once: several processes then share the first batch of an epoch."""

log = logging.getLogger(__name__)


class _LostError(Exception):
    """A process has ended, for example for lack of memory."""


class _UnknownError(Exception):
    """A process cannot read the source, for example because its augmentation is defined in a script."""


class _PictureProcess:
    """A process, and the source that it has."""

    def __init__(self) -> None:
        self.piped = PipedProcess.start(COMMAND, {"OMP_NUM_THREADS": "1"}, own_session=True)
        self._source = b""

    def make(self, source: bytes, samples: NDArray[np.int64], into: NDArray[np.uint8]) -> None:
        """Make the pictures of some samples.

        Args:
            source: of the pictures, pickled.
            samples: int64 [n].
            into: receives them, uint8 [n, size, size, C].

        Raises:
            Exception: they cannot be made.
            _LostError: the process has ended.
            _UnknownError: it cannot read the source.
        """
        requests, answers = self.piped.requests, self.piped.messages
        try:
            if self._source is not source:
                pickle.dump(source, requests)
                self._source = source
            pickle.dump(samples, requests)
            requests.flush()
            status = answers.read(1)
            if status == FAILED:
                failed: Exception = pickle.load(answers)
            elif status == UNKNOWN:
                failed = _UnknownError()
            else:
                place = into.data.cast("B")
                if status and answers.readinto(place) == len(place):  # type: ignore[attr-defined]
                    return
                failed = _LostError()
        except (OSError, EOFError) as error:
            raise _LostError from error
        raise failed


@dataclass(frozen=True)
class _Waiting:
    """A batch that is being made: its pictures, its samples and the parts of it."""

    images: NDArray[np.uint8]
    samples: NDArray[np.int64]
    parts: Sequence[Future[None]]


@dataclass(frozen=True)
class _Order:
    """A source as it is and as bytes, which are empty where it cannot be pickled."""

    source: PictureSource
    content: bytes

    @classmethod
    def of(cls, source: PictureSource) -> _Order:
        try:
            return cls(source, pickle.dumps(source))
        except (pickle.PicklingError, AttributeError, TypeError):  # by what a function of it is
            _note_threads("the augmentation cannot be pickled")
            return cls(source, b"")

    def make_here(self, samples: NDArray[np.int64], into: NDArray[np.uint8]) -> None:
        """Make pictures in this process."""
        into[:] = replace(self.source).pictures(samples)


class PictureProcesses:
    """Some processes that make pictures; they start at once, and stay until `end`.

    Where one cannot be started or has ended, a thread of this process makes its pictures.

    Attributes:
        all: the processes, also those that were lost.
        count: number of processes.
    """

    def __init__(self, count: int) -> None:
        self.count, self.all = count, list[_PictureProcess]()
        self._idle: queue.SimpleQueue[_PictureProcess | None] = queue.SimpleQueue()
        for _ in range(count):
            try:
                self.all.append(_PictureProcess())
            except OSError as error:
                log.warning("%d of %d processes that make pictures were started: %s", len(self.all), count, error)
                break
        for number in range(count):
            self._idle.put(self.all[number] if number < len(self.all) else None)
        self._threads = ThreadPoolExecutor(count)

    def batches(self, source: PictureSource, batches: Sequence[NDArray[np.int64]]) -> Iterator[Batch]:
        """Yield batches in order, prepared ahead.

        Args:
            source: of the pictures.
            batches: samples of each batch, int64 [B].

        Raises:
            Exception: a picture cannot be made.
        """
        order = _Order.of(source)
        ahead = 2 + -(-self.count * TOGETHER // max(1, len(batches[0]))) if batches else 0
        waiting: deque[_Waiting] = deque()
        try:
            for samples in batches:
                waiting.append(self._begun(order, samples))
                if len(waiting) > ahead:
                    yield _finished(waiting.popleft())
            while waiting:
                yield _finished(waiting.popleft())
        finally:
            left = [part for batch in waiting for part in batch.parts]
            for part in left:
                part.cancel()
            for part in left:  # no process may still write into the pictures of a batch
                if not part.cancelled():
                    part.exception()

    def _begun(self, order: _Order, samples: NDArray[np.int64]) -> _Waiting:
        images = np.empty((len(samples), *order.source.shape), np.uint8)
        parts = [
            self._threads.submit(self._make, order, samples[place], images[place])
            for place in (slice(start, start + TOGETHER) for start in range(0, len(samples), TOGETHER))
        ]
        return _Waiting(images, samples, parts)

    def _make(self, order: _Order, samples: NDArray[np.int64], into: NDArray[np.uint8]) -> None:
        """Make pictures in the next process that is free, or here."""
        process = self._idle.get()
        try:
            process = _made_by(process, order, samples, into)
        finally:
            self._idle.put(process)

    def end(self) -> None:
        """End all processes."""
        self._threads.shutdown(cancel_futures=True)
        for one in self.all:
            one.piped.end()


def _note_threads(reason: str) -> None:
    log.info("pictures are made by threads: %s", reason, extra={ONCE: f"pictures, {reason}"})


def _made_by(
    process: _PictureProcess | None, order: _Order, samples: NDArray[np.int64], into: NDArray[np.uint8]
) -> _PictureProcess | None:
    """Make pictures by a process, or here where there is none; return the process, None once it was lost."""
    if process is not None and order.content:
        try:
            process.make(order.content, samples, into)
            return process
        except _LostError:
            log.warning("a process that makes pictures has ended; the training continues without it")
            process.piped.end()
            process = None
        except _UnknownError:
            _note_threads("other processes cannot import the augmentation")
    order.make_here(samples, into)
    return process


def _finished(batch: _Waiting) -> Batch:
    for part in batch.parts:
        part.result()
    return Batch(batch.images, rows_of(batch.samples))


_shared: dict[int, PictureProcesses] = {}
"""By the number of the process that uses them: one that was forked does not have their threads."""


def picture_processes(count: int) -> PictureProcesses:
    """Return so many processes, which all trainings of this process share; they end with it."""
    own = os.getpid()
    if own in _shared and _shared[own].count != count:
        end_picture_processes()
    if own not in _shared:
        _shared[own] = PictureProcesses(count)
    return _shared[own]


@contextmanager
def picture_processes_ended() -> Iterator[None]:
    """End at the end of the context the processes that its trainings have started."""
    try:
        yield
    finally:
        end_picture_processes()


@atexit.register
def end_picture_processes() -> None:
    """End the processes that the trainings of this process share; the next training starts new ones."""
    if (found := _shared.pop(os.getpid(), None)) is not None:
        found.end()
