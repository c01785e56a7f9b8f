"""Requests that are refused: a status and one sentence, never a path or a traceback."""

from __future__ import annotations


class Refused(Exception):
    """A request that gets no answer but the reason.

    Args:
        status: of HTTP.
        reason: one sentence for the client.
        retry: seconds after which it may be repeated.
        close: whether the connection ends: not all of the request was read.
    """

    def __init__(self, status: int, reason: str, *, retry: int | None = None, close: bool = False) -> None:
        self.status, self.reason, self.retry, self.close = status, reason, retry, close
        super().__init__(reason)

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer."""
        found = {} if self.retry is None else {"Retry-After": str(self.retry)}
        if self.status == 401:
            found["WWW-Authenticate"] = "Bearer"
        return found | ({"Connection": "close"} if self.close else {})
