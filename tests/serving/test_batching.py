"""Batches are as large as they can be, one failure costs one image, and requests that have ended are not computed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any

import numpy as np
import pytest

from sketchfit.bundle.model import NetworkAnswers
from sketchfit.serving.batching import Batcher


def picture(value: int) -> np.ndarray:
    return np.full((2, 2, 1), value, np.uint8)


class Network:
    """NetworkAnswers with the value of each picture; waits for `free`, and fails for the value 255."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.free = threading.Event()
        self.free.set()

    def __call__(self, pictures: np.ndarray) -> NetworkAnswers:
        self.free.wait(10)
        self.sizes.append(len(pictures))
        if (pictures == 255).any():
            raise RuntimeError("broken")
        values = pictures[:, 0, 0, 0].astype(np.float32)
        return NetworkAnswers(values[:, None], values[:, None] + 0.5)


def in_event_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Make a test of a coroutine function, with a limit of time."""

    @wraps(test)
    def run() -> None:
        asyncio.run(asyncio.wait_for(test(), 20))

    return run


@asynccontextmanager
async def started(network: Network, most: int, **options: Any) -> AsyncIterator[Batcher]:
    batcher = Batcher(network, most, **options)
    batcher.start()
    yield batcher
    await batcher.stop()


@in_event_loop
async def test_each_picture_gets_its_own_answer() -> None:
    async with started(Network(), most=4) as batcher:
        found = await asyncio.gather(*(batcher.submit(picture(value)) for value in range(50)))
        assert [int(one.probabilities[0, 0]) for one in found] == list(range(50))
        assert [float(one.features[0, 0]) for one in found] == [value + 0.5 for value in range(50)]


@in_event_loop
async def test_pictures_that_arrive_while_the_network_works_make_one_batch() -> None:
    network = Network()
    async with started(network, most=4) as batcher:
        network.free.clear()
        tasks = [asyncio.create_task(batcher.submit(picture(0)))]
        await asyncio.sleep(0.05)
        tasks += [asyncio.create_task(batcher.submit(picture(value))) for value in range(1, 7)]
        await asyncio.sleep(0.05)
        assert batcher.waiting == 6
        network.free.set()
        await asyncio.gather(*tasks)
        assert network.sizes == [1, 4, 2]


@in_event_loop
async def test_a_batch_waits_for_what_is_being_decoded() -> None:
    network, coming = Network(), [1]
    async with started(network, most=4, wait=5.0, coming=lambda: coming[0]) as batcher:
        first = asyncio.create_task(batcher.submit(picture(1)))
        await asyncio.sleep(0.05)
        assert network.sizes == []
        coming[0] = 0
        await asyncio.gather(first, batcher.submit(picture(2)))
        assert network.sizes == [2]


@in_event_loop
async def test_a_batch_does_not_wait_longer_than_it_may() -> None:
    async with started(Network(), most=4, wait=0.01, coming=lambda: 1) as batcher:
        assert (await batcher.submit(picture(3))).probabilities[0, 0] == 3


@in_event_loop
async def test_a_failure_costs_one_picture() -> None:
    network = Network()
    async with started(network, most=8) as batcher:
        found = await asyncio.gather(*(batcher.submit(picture(v)) for v in (1, 255, 2)), return_exceptions=True)
        assert found[0].probabilities[0, 0] == 1
        assert isinstance(found[1], RuntimeError)
        assert found[2].probabilities[0, 0] == 2
        assert (await batcher.submit(picture(9))).probabilities[0, 0] == 9


@in_event_loop
async def test_what_was_cancelled_is_not_computed() -> None:
    network = Network()
    async with started(network, most=1) as batcher:
        network.free.clear()
        tasks = [asyncio.create_task(batcher.submit(picture(value))) for value in range(3)]
        await asyncio.sleep(0.05)
        tasks[1].cancel()
        network.free.set()
        await asyncio.gather(tasks[0], tasks[2])
        assert len(network.sizes) == 2


@in_event_loop
async def test_stopping_cancels_what_waits() -> None:
    network = Network()
    batcher = Batcher(network, most=1)
    batcher.start()
    network.free.clear()
    tasks = [asyncio.create_task(batcher.submit(picture(value))) for value in range(3)]
    await asyncio.sleep(0.05)
    threading.Timer(0.05, network.free.set).start()
    await batcher.stop()
    for task in tasks:
        with pytest.raises(asyncio.CancelledError):
            await task


@in_event_loop
async def test_a_failure_around_a_batch_ends_nothing() -> None:
    failing = True

    def report(count: int, seconds: float) -> None:
        if failing:
            raise OSError("no space")

    def coming() -> int:
        if failing and network.sizes:
            raise RuntimeError("broken")
        return 0

    network = Network()
    batcher = Batcher(network, most=4, coming=coming, report=report)
    batcher.start()
    assert int((await batcher.submit(picture(1))).probabilities[0, 0]) == 1
    second = asyncio.create_task(batcher.submit(picture(2)))
    await asyncio.sleep(0.05)
    assert batcher.works
    assert not second.done()
    failing = False
    assert int((await second).probabilities[0, 0]) == 2
    await batcher.stop()
    assert not batcher.works
