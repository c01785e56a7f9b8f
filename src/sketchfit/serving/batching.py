"""Micro-batching: pictures of different requests are computed together.

While one batch is computed, the pictures that arrive wait for the next one: without load there is nothing to wait for,
and under load batches grow by themselves. Where other pictures are being decoded right now, a batch waits for them for
a few milliseconds at most.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.bundle.model import NetworkAnswers

Pictures = NDArray[np.uint8]
Compute = Callable[[Pictures], NetworkAnswers]
Report = Callable[[int, float], None]
"""Called after each batch with its number of pictures and its seconds."""

PAUSE = 0.01
"""Seconds after a failure of the loop, so that one that fails all the time leaves time for other requests."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _WaitingPicture:
    picture: Pictures
    answer: asyncio.Future[NetworkAnswers]


class Batcher:
    """Collects pictures, and computes them in a separate thread; used in one event loop.

    Args:
        compute: pictures [N, size, size, C] to answers.
        most: pictures of a batch.
        wait: seconds that a batch waits for pictures that are being decoded.
        coming: returns the number of these pictures.
        report: receives the figures of each batch.
    """

    def __init__(
        self,
        compute: Compute,
        most: int,
        wait: float = 0.0,
        coming: Callable[[], int] = lambda: 0,
        report: Report = lambda _count, _seconds: None,
    ) -> None:
        self._compute, self._most, self._wait, self._coming, self._report = compute, most, wait, coming, report
        self._waiting: deque[_WaitingPicture] = deque()
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Number of pictures that no batch has taken yet."""
        return len(self._waiting)

    @property
    def works(self) -> bool:
        """Whether pictures are computed."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin to compute, in the running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Cancel what waits, and end the thread."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        while self._waiting:
            self._waiting.popleft().answer.cancel()
        self._thread.shutdown(wait=True)

    async def submit(self, picture: Pictures) -> NetworkAnswers:
        """Return the answer [1, …] for a picture [size, size, C]; a call that is cancelled is not computed any more."""
        answer: asyncio.Future[NetworkAnswers] = asyncio.get_running_loop().create_future()
        self._waiting.append(_WaitingPicture(picture, answer))
        self._arrived.set()
        return await answer

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            try:
                await self._compute_next()
            except Exception:  # without this task, every request would wait for its deadline
                log.exception("the batch loop failed; it continues")
                await asyncio.sleep(PAUSE)

    async def _compute_next(self) -> None:
        """Compute the next batch."""
        await self._wait_for_more()
        batch = self._next_batch()
        if not self._waiting:
            self._arrived.clear()
        else:
            self._arrived.set()
        if batch:
            await self._answer(batch)

    async def _wait_for_more(self) -> None:
        """Wait while there is room in the batch and other pictures are being decoded, for a limited time."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._wait
        while len(self._waiting) < self._most and self._coming() > 0 and loop.time() < end:
            self._arrived.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(end):
                    await self._arrived.wait()

    def _next_batch(self) -> list[_WaitingPicture]:
        batch: list[_WaitingPicture] = []
        while self._waiting and len(batch) < self._most:
            one = self._waiting.popleft()
            if not one.answer.done():  # its request has ended
                batch.append(one)
        return batch

    async def _answer(self, batch: list[_WaitingPicture]) -> None:
        """Compute a batch; where that fails, each picture alone."""
        began = time.perf_counter()
        try:
            pictures = np.stack([one.picture for one in batch])
            found = await asyncio.get_running_loop().run_in_executor(self._thread, self._compute, pictures)
        except asyncio.CancelledError:
            for one in batch:
                one.answer.cancel()
            raise
        except Exception as error:
            if len(batch) > 1:
                log.warning("a batch failed; each of its images is computed alone", exc_info=True)
                for one in batch:
                    await self._answer([one])
            elif not batch[0].answer.done():
                batch[0].answer.set_exception(error)
            return
        for row, one in enumerate(batch):
            if not one.answer.done():
                features = None if found.features is None else found.features[row : row + 1]
                one.answer.set_result(NetworkAnswers(found.probabilities[row : row + 1], features))
        self._report(len(batch), time.perf_counter() - began)
