"""The service of a bundle on a free port, for tests of its page: what it received, and failures that a test chooses."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from sketchfit.serving.app import create_app
from sketchfit.serving.settings import ServiceSettings
from tests.bundles import write_tiny_bundle


@dataclass
class WatchedService:
    """An ASGI application around that of the service.

    Attributes:
        app: of the service.
        failures: answers to the next requests of `/predict`, instead of the service's.
        bodies: received by `/predict`.
        delay: seconds until `/predict` answers.
        most_at_once: requests of `/predict` in work at the same time.
        address: of the page.
    """

    app: Starlette
    failures: list[Response] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    delay: float = 0.0
    most_at_once: int = 0
    address: str = ""
    _now: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/predict":
            await self.app(scope, receive, send)
            return
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())
        self.bodies.append(b"".join(message.get("body", b"") for message in messages))

        async def again() -> Message:
            return messages.pop(0) if messages else await receive()

        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        await asyncio.sleep(self.delay)
        await (self.failures.pop(0) if self.failures else self.app)(scope, again, send)
        self._now -= 1


@contextmanager
def running(folder: Path, token: str | None = None, **changes: Any) -> Iterator[WatchedService]:
    """Serve a tiny bundle with training drawings that is written into a folder; see `write_tiny_bundle`."""
    write_tiny_bundle(folder, neighbours=True, **changes)
    service = WatchedService(create_app(ServiceSettings(folder, threads=1), token))
    server = uvicorn.Server(uvicorn.Config(service, port=0, log_level="error", log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    service.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    try:
        yield service
    finally:
        server.should_exit = True
        thread.join()
