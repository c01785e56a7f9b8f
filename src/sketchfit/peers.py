"""Processes of one training that end together: each notices within seconds that another one was lost.

The first process listens; each other one connects to it, and the connection stays open. The kernel closes it when a
process ends, however it ends, so no message is necessary. A process that ends in order sends one byte first. What a
network library would notice depends on what the processes are doing; this does not.
"""

from __future__ import annotations

import os
import secrets
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.util import Finalize

from sketchfit.errors import RunError
from sketchfit.interruption import is_stopping
from sketchfit.printing import echo

GRACE = 10.0
"""Seconds in which a process may end in order after another one was lost; then it is ended."""

ORDERLY = 60.0
"""The same after another one ended by itself: after an error, or stopped by a signal that all may have received."""

JOINING = 60.0
"""Seconds in which the processes must connect."""

SILENT = 20
"""Seconds after which a machine that does not answer any more counts as lost, where the system can be set so."""

ENDED, FAILED, LOST = b"E", b"F", b"L"
"""Messages about the process whose number follows: it ends in order; it ends after an error or a signal, which it has
printed; it was lost."""

TOKEN_BYTES = 16
CONTINUES = "The same command continues from the last checkpoint."


class LostRankError(RunError):
    """A process of this training was lost, so the others end.

    Attributes:
        silent: whether another process prints it.
    """

    def __init__(self, problem: str, silent: bool = False) -> None:
        super().__init__(problem, CONTINUES)
        self.silent = silent


@dataclass(frozen=True)
class Meeting:
    """Where the first process listens: its address, and what a process sends to show that it belongs to it."""

    host: str
    port: int
    token: bytes

    def packed(self) -> str:
        """Return it as text."""
        return f"{self.port} {self.token.hex()} {self.host}"

    @staticmethod
    def unpacked(text: str) -> Meeting:
        """Return what `packed` gave."""
        port, token, host = text.split(" ", 2)
        return Meeting(host, int(port), bytes.fromhex(token))


class Peers:
    """The connections of this process, watched by a thread.

    Args:
        rank: number of this process, from 0.
        count: number of processes.
        end: ends this process at once, with an exit status.
    """

    def __init__(self, rank: int, count: int, end: Callable[[int], object] = os._exit) -> None:
        self.rank, self.count, self._end = rank, count, end
        self.lost: int | None = None
        self._explained = False
        self._left = False
        self._noticed = threading.Event()
        self._open: dict[int, socket.socket] = {}
        self._listener: socket.socket | None = None
        self._wake, self._waker = socket.socketpair()

    def listen(self, host: str) -> Meeting:
        """Listen in the first process; return where."""
        self._listener = _listener(host)
        return Meeting(host, self._listener.getsockname()[1], secrets.token_bytes(TOKEN_BYTES))

    def connect(self, meeting: Meeting) -> None:
        """Connect all processes, and watch them from then on.

        Raises:
            OSError: a process did not connect in time.
        """
        if self.rank == 0:
            self._accept(meeting)
        else:
            one = socket.create_connection((meeting.host, meeting.port), timeout=JOINING)
            one.sendall(meeting.token + self.rank.to_bytes(4, "big"))
            self._open[0] = one
        for one in self._open.values():
            _keep_alive(one)
        threading.Thread(target=self._watch, name="sketchfit-peers", daemon=True).start()
        Finalize(None, self.leave, exitpriority=1)  # also at the end of a process of multiprocessing

    def _accept(self, meeting: Meeting) -> None:
        assert self._listener is not None
        ends = time.monotonic() + JOINING
        with self._listener:
            while len(self._open) < self.count - 1:
                self._listener.settimeout(max(0.01, ends - time.monotonic()))
                one, _ = self._listener.accept()
                one.settimeout(5.0)
                with suppress(OSError):
                    sent = _received(one, TOKEN_BYTES + 4)
                    if secrets.compare_digest(sent[:TOKEN_BYTES], meeting.token):
                        self._open[int.from_bytes(sent[TOKEN_BYTES:], "big")] = one
                        continue
                one.close()

    def _watch(self) -> None:
        """Wait for what the connections bring, until this process ends or one was lost."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake, selectors.EVENT_READ)
            for rank, one in self._open.items():
                selector.register(one, selectors.EVENT_READ, rank)
            while self.lost is None and self._open:
                for key, _ in selector.select():
                    if key.data is None:
                        return
                    self._read(key.data, selector)
        if self.lost is not None:
            self._end_soon(self.lost)

    def _read(self, rank: int, selector: selectors.BaseSelector) -> None:
        """Read what one process sent; nothing is its end."""
        try:
            message = _received(self._open[rank], 5)
        except OSError:
            message = _about(LOST, rank)
        if message[:1] == ENDED:
            selector.unregister(self._open.pop(rank))
        elif self.lost is None:
            self._explained, self.lost = message[:1] == FAILED, int.from_bytes(message[1:], "big")

    def _end_soon(self, lost: int) -> None:
        """Pass the news on, and end this process where it has not ended in order after some seconds."""
        if self.rank == 0:
            self._send(_about(FAILED if self._explained else LOST, lost), but=lost)
        self._noticed.set()
        time.sleep(ORDERLY if self._explained else GRACE)
        if is_stopping():
            return
        error = self.error()
        if not error.silent:
            echo(f"error: {error.problems[0]}\n{error.hint}", error=True)
        self._end(1)

    def _send(self, message: bytes, but: int = -1) -> None:
        for rank, one in list(self._open.items()):
            if rank != but:
                with suppress(OSError):
                    one.sendall(message)

    def error(self) -> LostRankError:
        """Return the error about the lost process; only the first process that is left prints it."""
        who = "a process was lost" if self.lost is None else f"the process of rank {self.lost} was lost"
        first = 1 if self.lost == 0 else 0
        text = f"{who}, so the others of its training end ({self.count} processes)"
        return LostRankError(text, silent=self._explained or self.rank != first)

    def one_is_lost(self, seconds: float) -> bool:
        """Return whether a process was lost, after waiting for that news for some seconds at most."""
        return self._noticed.wait(seconds)

    def leave(self, failed: bool = False) -> None:
        """End the watch: the others continue without this process where it ends in order, and otherwise end too."""
        if self._left or self.lost is not None:
            return
        self._left = True
        with suppress(OSError):
            self._waker.send(b"x")
        self._send(_about(FAILED if failed or hasattr(sys, "last_type") else ENDED, self.rank))


watched: list[Peers] = []
"""Those of this process; empty where it is alone."""


def this_process_failed() -> None:
    """Let the others end too: this process ends after an error that it has printed."""
    for one in watched:
        one.leave(failed=True)


def lost_process(seconds: float = 0.0) -> LostRankError | None:
    """Return the error about a lost process, after waiting some seconds at most for that news; None: none was lost."""
    return next((one.error() for one in watched if one.one_is_lost(seconds)), None)


def _about(kind: bytes, rank: int) -> bytes:
    return kind + rank.to_bytes(4, "big")


def _listener(host: str) -> socket.socket:
    """Listen at the address of a host name, or at all of this machine where it is not its own."""
    for place in (host, ""):
        with suppress(OSError):
            return socket.create_server((place, 0), family=_family(place))
    return socket.create_server(("", 0))


def _family(host: str) -> socket.AddressFamily:
    return socket.getaddrinfo(host or None, 0, type=socket.SOCK_STREAM)[0][0] if host else socket.AF_INET


def _received(one: socket.socket, count: int) -> bytes:
    """Return so many bytes.

    Raises:
        OSError: the connection was closed before.
    """
    got = b""
    while len(got) < count:
        part = one.recv(count - len(got))
        if not part:
            raise ConnectionResetError("closed")
        got += part
    return got


def _keep_alive(one: socket.socket) -> None:
    """Let the system notice a machine that is gone, or that the network does not reach any more."""
    one.settimeout(None)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", SILENT // 2), ("TCP_KEEPINTVL", SILENT // 4), ("TCP_KEEPCNT", 2)):
        if hasattr(socket, name):
            one.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
