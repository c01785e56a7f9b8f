"""Admission control: how many images and bytes are in work; more are refused at once instead of waiting for long."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from sketchfit.serving.refused import Refused
from sketchfit.serving.settings import Capacity

LONGEST_RETRY = 30
"""Seconds of the header Retry-After at most."""

WEIGHT = 0.1
"""Of the last batch in the moving average of the seconds per image."""


class Admission:
    """Counts what is in work in this process; used in one thread.

    Args:
        capacity: what is allowed.

    Attributes:
        images, bytes: in work.
        seconds: per image, lately.
    """

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self.images = 0
        self.bytes = 0
        self.seconds = 0.0

    def admit(self, images: int, held: int = 0) -> None:
        """Count images in; the caller counts them out by `release`.

        Args:
            images: that are added.
            held: images of the same request that were counted in before.

        Raises:
            Refused: the request has more than there is ever room for (413), or there are too many now (429).
        """
        if held + images > self._capacity.images:
            raise Refused(413, f"more images than this service accepts at once: {self._capacity.images}")
        if self.images + images > self._capacity.images:
            raise self._busy()
        self.images += images

    def release(self, images: int) -> None:
        """Count images out."""
        self.images -= images

    @contextmanager
    def body(self) -> Iterator[BodyBytes]:
        """Yield the counter of one request's body; its bytes are counted out at the end of the block."""
        body = BodyBytes(self)
        try:
            yield body
        finally:
            self.bytes -= body.count

    def take(self, count: int) -> None:
        """Count bytes in.

        Raises:
            Refused: there are too many.
        """
        if self.bytes + count > self._capacity.bytes:
            raise self._busy()
        self.bytes += count

    def learn(self, images: int, seconds: float) -> None:
        """Take note of how long a batch took."""
        last = seconds / images
        self.seconds = last if not self.seconds else (1 - WEIGHT) * self.seconds + WEIGHT * last

    def _busy(self) -> Refused:
        retry = min(LONGEST_RETRY, max(1, math.ceil(self.images * self.seconds)))
        return Refused(429, "this service is busy: try again later", retry=retry, close=True)


class BodyBytes:
    """Counts the bytes of one body as they arrive.

    Args:
        admission: of the process.

    Attributes:
        count: bytes so far.
    """

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.count = 0

    def add(self, count: int) -> None:
        """Count more bytes.

        Raises:
            Refused: there are too many in all requests together.
        """
        self._admission.take(count)
        self.count += count
