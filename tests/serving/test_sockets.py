"""Sockets of worker processes share an address; another service at it is noticed."""

from __future__ import annotations

import pickle
import socket
from contextlib import closing

import pytest

from sketchfit.errors import UserError
from sketchfit.serving.sockets import CAN_SHARE_PORTS, WorkerSockets, address_of, listening_socket


def test_an_address_that_is_taken_is_refused() -> None:
    with closing(listening_socket("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        assert address_of(first) == f"http://127.0.0.1:{port}"
        with pytest.raises(UserError, match=str(port)):
            listening_socket("127.0.0.1", port)
    listening_socket("127.0.0.1", port).close()


@pytest.mark.parametrize("host", ["256.1.1.1", "a..b", "x" * 70])
def test_a_name_that_no_host_has_is_refused(host: str) -> None:
    with pytest.raises(UserError, match="cannot be used"):
        listening_socket(host, 0)


@pytest.mark.skipif(not CAN_SHARE_PORTS, reason="only Linux distributes connections among sockets")
def test_each_process_gets_a_separate_socket_and_connections_are_distributed() -> None:
    with closing(WorkerSockets(listening_socket("127.0.0.1", 0))) as sockets:
        assert len(sockets) == 0
        with pytest.raises(UserError):
            listening_socket("127.0.0.1", sockets.port)
        (first,), (second,) = (pickle.loads(pickle.dumps(sockets)) for _ in range(2))
        with closing(first), closing(second):
            for one in (first, second):
                assert one.getsockname()[1] == sockets.port
                one.listen(64)
            clients = [socket.create_connection(("127.0.0.1", sockets.port)) for _ in range(40)]
            counts = [accepted(one) for one in (first, second)]
            assert sum(counts) == 40
            assert min(counts) > 0
            for client in clients:
                client.close()


def accepted(listening: socket.socket) -> int:
    """Accept what waits; return how many connections that were."""
    listening.setblocking(False)
    count = 0
    while True:
        try:
            listening.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1
