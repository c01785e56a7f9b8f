"""Images of tens of millions of pixels: halved until they are small enough, and few of them at once.

An image of 100 million pixels takes 300 MB, and what is computed from it as much again. So an image of more than `MOST`
pixels is halved by averaging two by two pixels, as often as needed, before anything else; a JPEG already while it is
decoded. All of this decides pixels, so it depends on nothing but the image.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from numpy.typing import NDArray

MOST = 1 << 25
"""Pixels of a decoded image, 33.6 million."""

SMALL = 1 << 23
"""Pixels of images that are decoded without a limit of their number."""

AT_ONCE = 1 << 26
"""Pixels of larger images that are decoded and used at the same time in all threads; one image may have more."""


def factor_of(width: int, height: int, most: int = MOST) -> int:
    """Return by what an image's sides are divided: 1, 2, 4, …

    >>> factor_of(5000, 6000), factor_of(10_000, 10_000), factor_of(100_000, 3000)
    (1, 2, 4)
    """
    factor = 1
    while width * height > most * factor**2:
        factor *= 2
    return factor


def halved(pixels: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Return an image whose sides are divided by a power of two, rounded up."""
    while factor > 1:
        height, width = pixels.shape[:2]
        size = max(1, -(-width // 2)), max(1, -(-height // 2))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        factor //= 2
    return pixels


class _Room(threading.local):
    """What this thread uses.

    Attributes:
        depth: of nested blocks `one_image`.
        pixels: that it has claimed.
    """

    depth = 0
    pixels = 0


_ROOM, _CHANGED = _Room(), threading.Condition()
_USED = [0]
"""Pixels that all threads have claimed."""


@contextmanager
def one_image() -> Iterator[None]:
    """Return what `claim` takes within the block when it ends; of nested blocks, when the outermost ends."""
    _ROOM.depth += 1
    try:
        yield
    finally:
        _ROOM.depth -= 1
        if not _ROOM.depth and _ROOM.pixels:
            with _CHANGED:
                _USED[0] -= _ROOM.pixels
                _ROOM.pixels = 0
                _CHANGED.notify_all()


def claim(pixels: int) -> None:
    """Wait until there is room to decode an image of so many pixels; does nothing outside of `one_image`."""
    if pixels <= SMALL or not _ROOM.depth or _ROOM.pixels:
        return
    with _CHANGED:
        _CHANGED.wait_for(lambda: not _USED[0] or _USED[0] + pixels <= AT_ONCE)
        _USED[0] += pixels
    _ROOM.pixels = pixels
