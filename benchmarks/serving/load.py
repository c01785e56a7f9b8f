"""A client that keeps several connections busy, in one process, and compares every answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

SMALL = 1e-3
"""Largest difference of a probability that counts as equal."""
Reached = Callable[[int], None]
TOO_LONG = 60.0
"""Seconds after which a request counts as failed."""


@dataclass(frozen=True)
class Expected:
    """The right answer: label and probability of the most probable class, and of the second one."""

    label: str
    probability: float
    margin: float = 1.0

    def is_met_by(self, body: bytes) -> bool:
        """Whether an answer is this one; where two classes are within `SMALL`, either label is."""
        found = json.loads(body)
        found = found["predictions"][0] if "predictions" in found else found
        same = found["label"] == self.label or self.margin < SMALL
        return same and abs(float(found["probability"]) - self.probability) <= SMALL


@dataclass(frozen=True)
class Call:
    """A request as bytes, and its answer."""

    content: bytes
    expected: Expected


@dataclass
class Load:
    """What came of many requests.

    Attributes:
        clients: number of connections.
        seconds: from the first request to the last answer.
        latencies: seconds of each request that was answered.
        errors: requests without an answer, or with a status other than 200, by kind.
        wrong: answers that are not the expected ones.
    """

    clients: int
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    wrong: int = 0

    @property
    def rate(self) -> float:
        """Images per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    @property
    def failed(self) -> int:
        """Number of errors."""
        return sum(self.errors.values())

    def percentile(self, share: float) -> float:
        """Milliseconds that this share of the requests (0 … 100) did not exceed."""
        return float(1000 * np.percentile(self.latencies, share)) if self.latencies else float("nan")

    def note(self, kind: str) -> None:
        """Count an error."""
        self.errors[kind] = self.errors.get(kind, 0) + 1


class _Connection(asyncio.Protocol):
    """One connection: a request at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, mark, body = self._received.partition(b"\r\n\r\n")
        if not mark or self._answer is None or self._answer.done():
            return
        length = int(bytes(head).lower().partition(b"content-length:")[2].split(b"\r\n")[0] or b"0")
        if len(body) >= length:
            self._received.clear()
            self._answer.set_result((int(head[9:12]), bytes(body)))

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("closed"))

    async def send(self, content: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(content)
        return await asyncio.wait_for(self._answer, TOO_LONG)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def request_bytes(body: bytes, kind: str) -> bytes:
    """Return a POST to `/predict`."""
    head = f"POST /predict HTTP/1.1\r\nHost: bench\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def apply_load(
    port: int, calls: Sequence[Call], clients: int, requests: int, reached: Reached = lambda _count: None
) -> Load:
    """Send `requests` requests over `clients` connections, each of which waits for its answer.

    Args:
        port: of a service on 127.0.0.1.
        calls: that are sent one after the other, again and again.
        clients: number of connections.
        requests: number of requests.
        reached: called after each answer with the number of answers so far.
    """
    found, numbers, loop = Load(clients), iter(range(requests)), asyncio.get_running_loop()

    async def client() -> None:
        connection: _Connection | None = None
        for number in numbers:
            call = calls[number % len(calls)]
            began = time.perf_counter()
            try:
                if connection is None:
                    _, connection = await loop.create_connection(_Connection, "127.0.0.1", port)
                status, body = await connection.send(call.content)
            except (OSError, TimeoutError) as error:
                found.note(type(error).__name__)
                connection = None
                continue
            if status != 200:
                found.note(f"status {status}")
                continue
            found.latencies.append(time.perf_counter() - began)
            found.wrong += not call.expected.is_met_by(body)
            reached(len(found.latencies))
        if connection is not None:
            connection.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    found.seconds = time.perf_counter() - began
    return found
