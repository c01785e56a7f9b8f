"""Batches: threads read the store, augment the pictures and return uint8 arrays in a fixed order.

OpenCV releases the interpreter's lock while it computes, so threads are enough for a CPU, and no process copies the
data; for a GPU see `data.picture_processes`. An augmented picture is a pure function of (seed, epoch, sample), so
batches do not depend on the number of threads or processes, nor on where training was resumed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.data.samples import rows_of
from sketchfit.data.store import Store

Augment = Callable[[NDArray[np.uint8], NDArray[np.uint8], np.random.Generator], NDArray[np.uint8]]
"""(image uint8 [S, S, C], paper uint8 [C], generator) → uint8 [size, size, C]."""

SampleGenerator = Callable[[int], np.random.Generator]
"""Random generator of a sample; see `data.samples`."""

UNUSED_GENERATOR = np.random.Generator(np.random.Philox(0))
"""Generator for what takes one and does not depend on it."""


def no_randomness(sample: int) -> np.random.Generator:
    """Return the generator of each sample where nothing is random: pictures of validation, tests and views."""
    del sample
    return UNUSED_GENERATOR


@dataclass(frozen=True)
class Batch:
    """Images uint8 [B, size, size, C], or [B, P, size, size, C] for several per row, and their rows int64 [B]."""

    images: NDArray[np.uint8]
    rows: NDArray[np.int64]


def epoch_order(rows: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.int64]:
    """Return `rows` in the order of an epoch: a pure function of the arguments."""
    # The high bit separates these random numbers from those of the rows, whose key is the seed alone.
    # uint64 from the start: NumPy would convert such a list to floats, which are the same for all epochs.
    key = np.array([seed, (1 << 63) | epoch], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key)).permutation(rows)


def split_batches(order: NDArray[np.int64], batch_size: int) -> list[NDArray[np.int64]]:
    """Split an epoch into full batches; the rest is left out, because batch norm on a few images does harm.

    Fewer rows than one batch give one batch.
    """
    count = max(1, len(order) // batch_size)
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(count)]


def load_batches(
    store: Store,
    batches: Sequence[NDArray[np.int64]],
    augment: Augment,
    generator: SampleGenerator,
    threads: int,
    special: Mapping[int, Augment] | None = None,
) -> Iterator[Batch]:
    """Yield the batches in order, prepared ahead by `threads` threads.

    Args:
        batches: rows of each batch, or samples.
        augment: makes a picture, or several [P, size, size, C], from a stored image.
        generator: returns the random generator of a sample.
        threads: that prepare batches.
        special: rows that another function makes pictures of.
    """
    other = special or {}
    cv2.setNumThreads(1)  # the threads below compute in parallel

    def prepare(samples: NDArray[np.int64]) -> Batch:
        images, rows = [], rows_of(samples)
        for sample, row in zip(samples.tolist(), rows.tolist(), strict=True):
            make = other.get(row, augment)
            images.append(make(store.images[row], store.paper[row], generator(sample)))
        return Batch(np.stack(images), rows)

    pool = ThreadPoolExecutor(threads)
    waiting: deque[Future[Batch]] = deque()
    try:
        for samples in batches:
            waiting.append(pool.submit(prepare, samples))
            if len(waiting) > threads + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
