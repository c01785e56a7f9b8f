"""Requests that no client should send: each must get an answer or a closed connection, and affect no other request."""

from __future__ import annotations

import json
import random
import socket
import struct
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

Random = random.Random
Make = Callable[[bytes, Random], bytes]

FORM = b"multipart/form-data; boundary=b"
GIVEN_UP = 3.0
"""Seconds after which a client of an endless request closes its connection."""


def _post(body: bytes, kind: bytes = b"image/png", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (kind, size) + body


def _png(width: int, height: int, pixels: bytes) -> bytes:
    parts = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )


def _bomb(_image: bytes, rng: Random) -> bytes:
    """A PNG of a few kilobytes whose pixels take hundreds of megabytes."""
    side = rng.choice((20_000, 60_000))
    packed = zlib.compressobj(9)
    return _post(_png(side, side, packed.compress(bytes(1 << 22)) + packed.flush()))


def _large(_image: bytes, _rng: Random) -> bytes:
    """A PNG just below the limit of pixels."""
    return _post(_png(4900, 4900, zlib.compress(bytes(4901 * 4900), 9)))


def _truncated_form(image: bytes, rng: Random) -> bytes:
    body = b'--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n' + image + b"\r\n--b--\r\n"
    return _post(body[: rng.randrange(1, len(body) - 4)], FORM)


def _flipped(image: bytes, rng: Random) -> bytes:
    changed = bytearray(image)
    for _ in range(rng.randrange(1, 20)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return _post(bytes(changed))


def _thin(_image: bytes, _rng: Random) -> bytes:
    """A PNG below the limit of pixels that is 2,500 times as long as it is wide."""
    return _post(_png(100, 250_000, zlib.compress(bytes(101 * 250_000), 9)))


MAKERS: dict[str, Make] = {
    "truncated image": lambda image, rng: _post(image[: rng.randrange(1, len(image))]),
    "flipped bits": _flipped,
    "truncated form": _truncated_form,
    "form without boundary": lambda image, _rng: _post(image, b"multipart/form-data"),
    "many fields": lambda _image, _rng: _post(
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 2000, FORM
    ),
    "pixel bomb": _bomb,
    "large image": _large,
    "thin image": _thin,
    "many lists": lambda _image, _rng: _post(b'{"images": [' + b"[]," * 1_000_000 + b"[]]}", b"application/json"),
    "spaced base64": lambda _image, _rng: _post(b'{"image": "' + b"A " * 1_000_000 + b'"}', b"application/json"),
    "long answer": lambda _image, _rng: _post(b"x").replace(b"/predict", b"/predict?top=1000"),
    "nested JSON": lambda _image, _rng: _post(b"[" * 200_000, b"application/json"),
    "wrong JSON": lambda _image, _rng: _post(json.dumps({"images": [1, None, "?" * 50]}).encode(), b"application/json"),
    "other type": lambda image, _rng: _post(image, b"text/html"),
    "SVG": lambda _image, _rng: _post(b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"<g>" * 10_000),
    "random bytes": lambda _image, rng: rng.randbytes(rng.randrange(1, 2000)),
    "random body": lambda _image, rng: _post(rng.randbytes(rng.randrange(1, 5000))),
    "too long": lambda _image, _rng: _post(b"x" * 1000, length=10**12),
    "negative length": lambda _image, _rng: _post(b"x", length=-5),
    "broken chunks": lambda _image, _rng: b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "endless headers": lambda _image, _rng: b"GET / HTTP/1.1\r\n" + b"a: " + b"b" * 100_000,
    "slow body": lambda image, _rng: _post(image[:20], length=len(image)),
    "slow headers": lambda _image, _rng: b"POST /predict HTTP/1.1\r\nHost: a\r\nX",
}
"""Kinds of requests. Clients of the last two wait for `GIVEN_UP` and leave."""


def send_malformed(port: int, image: bytes, count: int, seed: int = 0) -> Counter[str]:
    """Send malformed requests to a service on 127.0.0.1, one after the other.

    Returns:
        How many of each kind of answer: a status, `closed` without one, or `left`: the client did not wait any longer.
    """
    rng, names = random.Random(seed), tuple(MAKERS)
    found: Counter[str] = Counter()
    for number in range(count):
        name = names[number % len(names)]
        wait = 0.2 if name.startswith("slow") or name == "too long" else 30.0
        found[_answer(port, MAKERS[name](image, rng), wait)] += 1
    return found


def hold_slowly(port: int, image: bytes, count: int) -> list[socket.socket]:
    """Open connections whose requests never end; they stay open until they are closed."""
    held = []
    for number in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=GIVEN_UP)
        connection.sendall(_post(image[: number % 30], length=len(image)) if number % 2 else b"GET / HTTP/1.1\r\nA")
        held.append(connection)
    return held


def _answer(port: int, request: bytes, wait: float) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        try:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(request)
            first = connection.recv(4096)
        except TimeoutError:
            return "left"
        except ConnectionResetError:
            return "closed"
    return first[9:12].decode("ascii", "replace") if first.startswith(b"HTTP/1.1 ") else "closed"
