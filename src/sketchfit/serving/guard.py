"""Around every request: the bearer token, safe headers, and figures. Plain ASGI, which costs microseconds."""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse

from sketchfit.serving.bodies import drain
from sketchfit.serving.refused import Refused

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
CountRequest = Callable[[str, int, float], None]
"""Receives path, status and seconds of a request."""

OPEN_PATHS = ("/", "/health", "/ready", "/docs", "/openapi.json", "/favicon.ico")
OPEN_FOLDER = "/web/"
"""Without a token: the page and its files hold no data, and probes have none."""

SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}

CLIENT_GONE = 499
"""Counted where nothing was answered."""


class Guard:
    """Lets requests through that have the token.

    Args:
        app: that answers them.
        token: bearer token that clients must send; None: none is needed.
        count: receives the figures of each request.
        shared: whether pages of other origins may read answers; which ones, CORS decides.
    """

    def __init__(self, app: App, token: str | None, count: CountRequest, *, shared: bool = False) -> None:
        self._app, self._count = app, count
        self._expected = None if token is None else f"Bearer {token}".encode()
        self._headers = dict(SAFE_HEADERS)
        if shared:
            del self._headers["Cross-Origin-Resource-Policy"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; other kinds of messages pass unchanged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), CLIENT_GONE

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            if self._may_pass(scope):
                await self._app(scope, receive, send_safely)
            else:
                refused = Refused(401, "a bearer token is required", close=True)
                await drain(Request(scope, receive))
                await refusal(refused)(scope, receive, send_safely)
        except Exception:
            status = 500
            raise
        finally:
            self._count(scope["path"], status, time.perf_counter() - began)

    def _may_pass(self, scope: Scope) -> bool:
        path = scope["path"]
        if self._expected is None or path in OPEN_PATHS or path.startswith(OPEN_FOLDER):
            return True
        given = Headers(scope=scope).get("authorization", "").encode("latin-1", "replace")
        return hmac.compare_digest(given, self._expected)


def refusal(error: Refused) -> JSONResponse:
    """Return the answer to a request that is refused."""
    return JSONResponse({"error": error.reason}, error.status, error.headers)
