"""One service under load: rates, latencies and memory; kills of a worker; malformed requests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import psutil

from benchmarks.serving.load import Call, Load, apply_load, request_bytes
from benchmarks.serving.malformed import hold_slowly, send_malformed
from benchmarks.serving.servers import Kind, Running, running
from sketchfit.periodic import repeated

WARM_UP = 200
"""Requests before anything is measured."""
EVERY = 0.5
"""Seconds between two measurements of the memory."""
HELD = 50
"""Connections that are held open by slow clients while others are answered."""


@dataclass
class Memory:
    """Memory of a service in MB: before the load, at its end, and at most."""

    before: float = 0.0
    after: float = 0.0
    most: float = 0.0


@dataclass
class Measured:
    """What a service did.

    Attributes:
        name: of the service.
        loads: one for each number of clients.
        memory: during all of them.
    """

    name: str
    loads: list[Load] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)


def measure(kind: Kind, calls: Sequence[Call], clients: Sequence[int], requests: int) -> Measured:
    """Apply load to a service, for one number of clients after the other.

    Args:
        kind: of the service.
        calls: requests whose content is an image's bytes.
        clients: numbers of connections.
        requests: in all.
    """
    found, own = Measured(kind.name), calls_of(kind, calls)
    with running(kind) as service:
        asyncio.run(apply_load(service.port, own, 4, WARM_UP))
        with watched(service, found.memory):
            for count in clients:
                found.loads.append(asyncio.run(apply_load(service.port, own, count, requests // len(clients))))
    return found


def calls_of(kind: Kind, calls: Sequence[Call]) -> list[Call]:
    """Return requests as this service takes them."""
    return [replace(one, content=request_bytes(kind.body(one.content), kind.content_type)) for one in calls]


@contextmanager
def watched(service: Running, memory: Memory) -> Iterator[None]:
    """Note the memory of a service during the block."""

    def measure_memory() -> None:
        memory.most = max(memory.most, service.memory())

    memory.before = memory.most = service.memory()
    try:
        with repeated(measure_memory, EVERY):
            yield
    finally:
        memory.after = service.memory()
        memory.most = max(memory.most, memory.after)


@dataclass(frozen=True)
class Killed:
    """A load in whose middle a worker was killed.

    Attributes:
        load: what came of it.
        connections: of the worker, when it was killed; each had at most one request in work.
        workers: number of workers at the end of the load.
    """

    load: Load
    connections: int
    workers: int


def measure_kill(kind: Kind, calls: Sequence[Call], requests: int, clients: int = 8) -> Killed:
    """Kill one of several workers with SIGKILL after a third of a load."""
    own, connections = calls_of(kind, calls), [0]
    with running(kind) as service:
        asyncio.run(apply_load(service.port, own, 4, WARM_UP))

        def kill(answered: int) -> None:
            if answered == requests // 3:
                worker = max(service.workers(), key=_connections)
                connections[0] = _connections(worker)
                worker.kill()

        load = asyncio.run(apply_load(service.port, own, clients, requests, kill))
        return Killed(load, connections[0], len(service.workers()))


def _connections(worker: psutil.Process) -> int:
    return sum(one.status == psutil.CONN_ESTABLISHED for one in worker.net_connections("tcp"))


def measure_malformed(kind: Kind, calls: Sequence[Call], count: int) -> tuple[Counter[str], Load, Memory]:
    """Send malformed requests while slow clients hold connections, and apply a load afterwards."""
    own, memory, image = calls_of(kind, calls), Memory(), calls[0].content
    with running(kind) as service:
        asyncio.run(apply_load(service.port, own, 4, WARM_UP))
        with watched(service, memory):
            held = hold_slowly(service.port, image, HELD)
            answers = send_malformed(service.port, image, count)
            load = asyncio.run(apply_load(service.port, own, 8, WARM_UP))
            for connection in held:
                connection.close()
    return answers, load, memory
