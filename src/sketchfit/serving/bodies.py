"""The body of a request: in memory, within a limit of bytes and of time."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.requests import ClientDisconnect, Request

from sketchfit.serving.admission import BodyBytes
from sketchfit.serving.refused import Refused
from sketchfit.serving.settings import RequestLimits
from sketchfit.wording import size_text

DRAINED_BYTES, DRAINED_SECONDS = 1_000_000, 1.0
"""Of a refused body, so much is read and dropped: a client that still sends would not read the reason."""


class _BodyParts:
    """The parts of a body, one after the other.

    Args:
        request: that was not read yet.

    Attributes:
        more: whether there may be another part.
    """

    def __init__(self, request: Request) -> None:
        self._receive = request.receive
        self.more = True

    async def next(self) -> bytes:
        """Return the next part.

        Raises:
            ClientDisconnect: the client has gone.
        """
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        self.more = bool(message.get("more_body", False))
        return bytes(message.get("body", b""))


async def read_body(request: Request, limits: RequestLimits, counter: BodyBytes) -> bytes:
    """Return the body of a request.

    Args:
        request: whose body was not read yet.
        limits: of bytes and seconds.
        counter: of the bytes in memory.

    Raises:
        Refused: it is too large (413), too slow (408), or too much for now (429).
        ClientDisconnect: the client has gone.
    """
    parts, body = _BodyParts(request), bytearray()
    try:
        if _declared(request) > limits.bytes:
            raise _too_large(limits)
        async with asyncio.timeout(limits.body_seconds):
            while parts.more:
                part = await parts.next()
                if len(body) + len(part) > limits.bytes:
                    raise _too_large(limits)
                counter.add(len(part))
                body += part
    except TimeoutError as error:
        raise Refused(408, f"the request did not arrive within {limits.body_seconds:g} seconds", close=True) from error
    except Refused:
        await _drain(parts)
        raise
    if not body:
        raise Refused(400, "the request has no content: send an image")
    return bytes(body)


async def drain(request: Request) -> None:
    """Read and drop a part of a body that was not read, for a short time."""
    if request.method in ("POST", "PUT", "PATCH"):
        await _drain(_BodyParts(request))


async def _drain(parts: _BodyParts) -> None:
    dropped = 0
    with suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(DRAINED_SECONDS):
            while parts.more and dropped < DRAINED_BYTES:
                dropped += len(await parts.next())


def _declared(request: Request) -> int:
    """Return the length that the headers declare; 0 where they do not."""
    text = request.headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _too_large(limits: RequestLimits) -> Refused:
    return Refused(413, f"the request is larger than the limit of {size_text(limits.bytes)}", close=True)
