"""uvicorn's HTTP protocol with limits for clients that send or read slowly, or never stop sending headers.

uvicorn limits the time between two requests, but not that in which the headers of a request arrive, nor that in which
an answer is read.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from sketchfit.serving.app import AppFactory
from sketchfit.serving.settings import RequestLimits

HEADER_BYTES = 65_536


class BoundedProtocol(HttpToolsProtocol):
    """Closes connections whose headers are slow (408) or large (431), and those that do not read their answer.

    The answer may be sent before the body of its request has arrived. The rest of that body is then waited for as well,
    once: its bytes do not extend the time.

    Attributes:
        header_seconds: from the connection, or from the first byte of a request, to the end of its headers.
        body_seconds: in which the rest of a body must arrive after the answer.
        read_seconds: in which a client must take what is buffered for it.
    """

    def __init__(self, config: Config, *given: Any, **named: Any) -> None:
        super().__init__(config, *given, **named)
        limits = config.app.settings.limits if isinstance(config.app, AppFactory) else RequestLimits()
        self.header_seconds, self.read_seconds = limits.header_seconds, limits.read_seconds
        self.body_seconds = limits.body_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._in_headers, self._headers_ended = True, False
        self._header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """A client has gone."""
        self._stop_waiting()
        self._stop_unread()
        self._stop_rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived."""
        between, in_headers = self.timeout_keep_alive_task is not None, self._in_headers
        self._headers_ended = False
        super().data_received(data)
        if between and self._timer is None and self.timeout_keep_alive_task is None and self._in_headers:
            self._wait_for_headers()  # bytes before the first line of a request
        if in_headers and not self._headers_ended:
            self._header_bytes += len(data)
            if self._header_bytes > HEADER_BYTES:
                self._refuse(431)

    def on_message_begin(self) -> None:
        """The first byte of a request has arrived."""
        super().on_message_begin()
        self._wait_for_headers()

    def on_headers_complete(self) -> None:
        """All headers of a request have arrived."""
        self._stop_waiting()
        self._in_headers, self._headers_ended = False, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request has arrived completely."""
        super().on_message_complete()
        self._in_headers, self._header_bytes = True, 0
        if self._rest is not None:  # the answer has gone, and nothing else limits the time until the next request
            self._wait_for_headers()
        self._stop_rest()

    def on_response_complete(self) -> None:
        """An answer has been sent completely."""
        super().on_response_complete()
        if not self._in_headers and self.cycle.response_complete:  # the rest of its body has not arrived
            self._stop_rest()
            self._rest = self.loop.call_later(self.body_seconds, self.timeout_keep_alive_handler)

    def pause_writing(self) -> None:
        """The client does not read: what is buffered for it has become large."""
        super().pause_writing()
        self._stop_unread()
        self._unread = self.loop.call_later(self.read_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read."""
        self._stop_unread()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """No further request has come; what the client has not read by now is dropped."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def _stop_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _stop_rest(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _wait_for_headers(self) -> None:
        self._stop_waiting()
        self._in_headers, self._header_bytes = True, 0
        self._timer = self.loop.call_later(self.header_seconds, self._refuse, 408)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: int) -> None:
        self._stop_waiting()
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(STATUS_LINE[status] + b"connection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()
