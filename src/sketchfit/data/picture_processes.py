"""Batches of augmented pictures made by processes, for a GPU.

Making a picture takes short calls of OpenCV and NumPy with Python between them. Threads of one process wait for each
other and for the thread that starts the kernels of the network, as one of them at a time runs Python. Separate
processes do not.
"""

from __future__ import annotations

import atexit
import logging
import os
import pickle
import queue
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import IO

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.batches import Batch
from sketchfit.data.picture_process import FAILED
from sketchfit.data.picture_source import PictureSource
from sketchfit.interruption import save_signals_blocked

COMMAND = [sys.executable, "-P", "-m", "sketchfit.data.picture_process"]
"""Starts a process; with `-P` it imports nothing from the folder in which the user is."""

TOGETHER = 16
"""Rows that a process makes at once: so several make the first batch of an epoch, for which the GPU waits."""

log = logging.getLogger(__name__)


class _LostError(Exception):
    """A process has ended, for example for lack of memory."""


class _PictureProcess:
    """A process, the pipes to and from it, and the source that it has."""

    def __init__(self) -> None:
        with save_signals_blocked():  # they would end a process that still imports
            self._process = subprocess.Popen(
                COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=-1,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
            )
        self._source: PictureSource | None = None

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def make(self, source: PictureSource, rows: NDArray[np.int64], into: NDArray[np.uint8]) -> None:
        """Make the pictures of some rows.

        Args:
            source: of the pictures.
            rows: int64 [n].
            into: receives them, uint8 [n, size, size, C].

        Raises:
            RuntimeError: they cannot be made.
            _LostError: the process has ended.
        """
        try:
            requests, answers = self._pipes()
            if self._source is not source:
                pickle.dump(source, requests)
                self._source = source
            pickle.dump(rows, requests)
            requests.flush()
            status = answers.read(1)
            if status == FAILED:
                raise pickle.load(answers)
            place = into.data.cast("B")
            if not status or answers.readinto(place) < len(place):  # type: ignore[attr-defined]
                raise _LostError
        except (OSError, EOFError) as error:
            raise _LostError from error

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in self._pipes():
            with suppress(OSError):
                pipe.close()


@dataclass(frozen=True)
class _Waiting:
    """A batch that is being made: its pictures, its rows and the parts of it."""

    images: NDArray[np.uint8]
    rows: NDArray[np.int64]
    parts: Sequence[Future[None]]


class PictureProcesses:
    """Some processes that make pictures; they start at once, and stay until `end`.

    Attributes:
        all: the processes, also those that were lost.
        count: number of processes.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.all = [_PictureProcess() for _ in range(count)]
        self._idle: queue.SimpleQueue[_PictureProcess | None] = queue.SimpleQueue()
        for one in self.all:
            self._idle.put(one)
        self._threads = ThreadPoolExecutor(count)

    def batches(
        self, source: PictureSource, shape: tuple[int, int, int], batches: Sequence[NDArray[np.int64]]
    ) -> Iterator[Batch]:
        """Yield batches in order, prepared ahead.

        Args:
            source: of the pictures.
            shape: of a picture: size, size, C.
            batches: rows of each batch, int64 [B].

        Raises:
            RuntimeError: a picture cannot be made.
        """
        ahead = 2 + -(-self.count * TOGETHER // max(1, len(batches[0]))) if batches else 0
        waiting: deque[_Waiting] = deque()
        try:
            for rows in batches:
                waiting.append(self._begun(source, shape, rows))
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

    def _begun(self, source: PictureSource, shape: tuple[int, int, int], rows: NDArray[np.int64]) -> _Waiting:
        images = np.empty((len(rows), *shape), np.uint8)
        parts = [
            self._threads.submit(self._make, source, rows[place], images[place])
            for place in (slice(start, start + TOGETHER) for start in range(0, len(rows), TOGETHER))
        ]
        return _Waiting(images, rows, parts)

    def _make(self, source: PictureSource, rows: NDArray[np.int64], into: NDArray[np.uint8]) -> None:
        """Make pictures in the next process that is free, or here in place of one that was lost."""
        process = self._idle.get()
        try:
            process = _made_by(process, source, rows, into)
        finally:
            self._idle.put(process)

    def end(self) -> None:
        """End all processes."""
        self._threads.shutdown(cancel_futures=True)
        for one in self.all:
            one.end()


def _made_by(
    process: _PictureProcess | None, source: PictureSource, rows: NDArray[np.int64], into: NDArray[np.uint8]
) -> _PictureProcess | None:
    """Make pictures by a process, or here where there is none; return the process, None once it was lost."""
    if process is not None:
        try:
            process.make(source, rows, into)
            return process
        except _LostError:
            log.warning("a process that makes pictures has ended; the training continues without it")
            process.end()
    into[:] = replace(source).pictures(rows)  # the arrays that a source has opened are not sent to a process
    return None


def _finished(batch: _Waiting) -> Batch:
    for part in batch.parts:
        part.result()
    return Batch(batch.images, batch.rows)


_shared: list[PictureProcesses] = []


def picture_processes(count: int) -> PictureProcesses:
    """Return so many processes, which all trainings of this process share; they end with it."""
    if _shared and _shared[0].count != count:
        end_picture_processes()
    if not _shared:
        _shared.append(PictureProcesses(count))
    return _shared[0]


@atexit.register
def end_picture_processes() -> None:
    """End the processes that the trainings of this process share; the next training starts new ones."""
    while _shared:
        _shared.pop().end()
