"""Over real connections: slow, endless and broken requests end, and others are answered meanwhile."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import cv2
import pytest

from sketchfit.serving.run import config_of
from sketchfit.serving.settings import RequestLimits, ServiceSettings
from tests.bundles import tiny_picture, write_tiny_bundle
from tests.serving.processes import service_thread

LIMITS = RequestLimits(header_seconds=0.4, body_seconds=0.4, read_seconds=0.4, bytes=100_000)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("bundle")
    write_tiny_bundle(folder)
    with service_thread(folder, LIMITS) as port:
        yield port


def connected(port: int) -> closing[socket.socket]:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    return closing(connection)


def received(connection: socket.socket) -> bytes:
    """All bytes until the other side closes."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def answered(connection: socket.socket) -> bytes:
    """One answer in JSON; the connection stays open."""
    found = b""
    while not found.endswith(b"}") and (part := connection.recv(65536)):
        found += part
    return found


def is_answered(port: int) -> bool:
    data = cv2.imencode(".png", tiny_picture("dot"))[1].tobytes()
    with connected(port) as connection:
        head = f"POST /predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(data)}\r\n\r\n"
        connection.sendall(head.encode() + data)
        return b'"label":"2"' in received(connection)


@pytest.mark.parametrize("start", [b"", b"\r\n", b"POST /predict HT", b"GET /health HTTP/1.1\r\nHost: x\r\nA: "])
def test_slow_headers_are_408(port: int, start: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(start)
        assert is_answered(port)
        assert received(connection).startswith(b"HTTP/1.1 408")


def test_slow_headers_after_an_answer_end_too(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"\r\n")
        assert b"408" in received(connection)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n",
        b"DELETE /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n",
    ],
)
@pytest.mark.parametrize("rest", [(), (b"a",), (b"a", b"b"), (b"ab", b"cd", b"\r\n0\r\n\r\n")])
def test_a_body_that_arrives_after_the_answer_holds_no_connection(
    port: int, head: bytes, rest: tuple[bytes, ...]
) -> None:
    """Also one that is complete, after which no request comes."""
    with connected(port) as connection:
        connection.sendall(head)
        assert answered(connection).startswith(b"HTTP/1.1 ")
        for part in rest:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(part)
            time.sleep(0.05)
        connection.settimeout(4.0)  # less than the 5 seconds that uvicorn waits for another request
        assert b"200" not in received(connection)


def test_bytes_of_a_late_body_do_not_extend_the_time(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        assert answered(connection).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        with suppress(BrokenPipeError, ConnectionResetError):
            while time.monotonic() < began + 4.0:
                connection.sendall(b"a")
                time.sleep(0.05)
        assert time.monotonic() < began + 3.0


def test_a_request_after_a_late_body_is_answered(port: int) -> None:
    request_ = b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"
    with connected(port) as connection:
        for _ in range(3):
            connection.sendall(request_)
            assert answered(connection).startswith(b"HTTP/1.1 200")
            connection.sendall(b"ab")
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert received(connection).startswith(b"HTTP/1.1 200")


def test_endless_headers_are_431(port: int) -> None:
    with connected(port) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(b"GET / HTTP/1.1\r\n")
            for _ in range(200):
                connection.sendall(b"A: " + b"x" * 1000 + b"\r\n")
        answer = received(connection)
        assert not answer or answer.startswith(b"HTTP/1.1 431")
    assert is_answered(port)


def test_a_slow_body_is_408(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
        answer = received(connection)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"connection: close" in answer.lower()


def test_a_body_above_the_limit_gets_its_reason(port: int) -> None:
    with connected(port) as connection:
        size = 3 * LIMITS.bytes
        connection.sendall(f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
        connection.sendall(bytes(size))
        assert received(connection).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "request_",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/9\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00" + bytes(100),
    ],
)
def test_what_is_no_http_is_400(port: int, request_: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(request_)
        answer = received(connection)
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 408"))
    assert is_answered(port)


def test_a_client_that_reads_nothing_is_dropped(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 3000)
        assert is_answered(port)
        time.sleep(1.0)
        assert received(connection).count(b"HTTP/1.1 200") < 3000
    assert is_answered(port)


def test_a_client_that_leaves_affects_no_other(port: int) -> None:
    for _ in range(20):
        with connected(port) as connection:
            connection.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
    assert is_answered(port)


def test_handlers_of_others_stay_open(tmp_path: Path) -> None:
    class Closing(logging.NullHandler):
        closed = False

        def close(self) -> None:
            self.closed = True
            super().close()

    handler = Closing()
    config_of(ServiceSettings(tmp_path))
    assert not handler.closed
