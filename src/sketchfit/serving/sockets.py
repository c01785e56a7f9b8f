"""Sockets at which a service listens: one, or one per worker process.

Worker processes that share a socket compete for connections: one of them often takes all that arrive together, and the
others are idle. On Linux each worker therefore has a separate socket at the same address, among which the kernel
distributes connections (SO_REUSEPORT).
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from typing import Any

from sketchfit.errors import UserError

BACKLOG = 2048
"""Connections that wait to be accepted."""

CAN_SHARE_PORTS = sys.platform == "linux" and hasattr(socket, "SO_REUSEPORT")
"""Whether the kernel distributes connections among sockets; elsewhere the last one may get all."""

if sys.platform == "win32":
    SHARED = ALONE = socket.SO_EXCLUSIVEADDRUSE  # with SO_REUSEADDR another service could take the same address
else:
    SHARED, ALONE = socket.SO_REUSEPORT, socket.SO_REUSEADDR


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address; port 0 is any that is free.

    Raises:
        UserError: the address cannot be used.
    """
    listening = _bound(host, port, shared=False)
    listening.listen(BACKLOG)
    listening.set_inheritable(True)
    return listening


def address_of(listening: socket.socket) -> str:
    """Return the address of a socket for browsers."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class WorkerSockets(list[socket.socket]):
    """The sockets of worker processes: a list that holds a new socket in each process that receives it.

    Args:
        listening: a socket at the address, which is closed; from then on the address is reserved for this service.
    """

    def __init__(self, listening: socket.socket) -> None:
        self.host, self.port = listening.getsockname()[:2]
        listening.close()
        self._reserved = _bound(self.host, self.port, shared=True)  # does not listen: it gets no connections
        super().__init__()

    def __reduce__(self) -> tuple[Callable[[str, int], list[socket.socket]], tuple[Any, ...]]:
        return _separate_sockets, (self.host, self.port)

    def close(self) -> None:
        """Release the address."""
        self._reserved.close()


def _separate_sockets(host: str, port: int) -> list[socket.socket]:
    return [_bound(host, port, shared=True)]


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        found = socket.socket(family, socket.SOCK_STREAM)
        try:
            found.setsockopt(socket.SOL_SOCKET, SHARED if shared else ALONE, 1)
            found.bind((host, port))
        except OSError:
            found.close()
            raise
    except (OSError, UnicodeError) as error:  # the latter for names that no host can have
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{host}:{port} cannot be used: {reason}", "Choose another --port, or --host.") from error
    return found
