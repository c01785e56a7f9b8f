"""Batches: threads read the store, augment, and hand over uint8 arrays in a fixed order.

OpenCV frees the interpreter's lock while it warps, so threads are enough, and no worker process copies the data. A
picture's look is a pure function of (seed, epoch, row), so batches do not depend on the number of threads or processes,
nor on where training resumed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.data.store import Store

Augment = Callable[[NDArray[np.uint8], NDArray[np.uint8], np.random.Generator], NDArray[np.uint8]]
"""(image uint8 [S, S, C], paper uint8 [C], generator) → uint8 [size, size, C]."""

RowGenerator = Callable[[int], np.random.Generator]
"""Random generator of a row."""


@dataclass(frozen=True)
class Batch:
    """Images uint8 [B, size, size, C], and the rows int64 [B] of the table that they show."""

    images: NDArray[np.uint8]
    rows: NDArray[np.int64]


def epoch_order(rows: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.int64]:
    """`rows` in the order of an epoch: a pure function of its arguments."""
    # The high bit keeps these draws apart from those of any row, whose key is the seed alone.
    # As uint64 from the start: NumPy makes floats of such a list, and all epochs one.
    key = np.array([seed, (1 << 63) | epoch], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key)).permutation(rows)


def split_batches(order: NDArray[np.int64], batch_size: int) -> list[NDArray[np.int64]]:
    """Whole batches of an epoch; the rest is left out (batch norm on a few images harms).

    Fewer rows than one batch make one.
    """
    count = max(1, len(order) // batch_size)
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(count)]


def load_batches(
    store: Store, batches: Sequence[NDArray[np.int64]], augment: Augment, generator: RowGenerator, threads: int
) -> Iterator[Batch]:
    """Yield the batches in order, prepared ahead by `threads` threads.

    Args:
        batches: rows of each batch.
        augment: what a picture goes through.
        generator: gives each row its own random numbers.
    """
    cv2.setNumThreads(1)  # our threads are the parallel part

    def prepare(rows: NDArray[np.int64]) -> Batch:
        images = [augment(store.images[row], store.paper[row], generator(int(row))) for row in rows]
        return Batch(np.stack(images), rows)

    pool = ThreadPoolExecutor(threads)
    waiting: deque[Future[Batch]] = deque()
    try:
        for rows in batches:
            waiting.append(pool.submit(prepare, rows))
            if len(waiting) > threads + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
