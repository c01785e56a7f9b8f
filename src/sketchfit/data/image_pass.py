"""How a pass over image files is made, and what receives the decoded images, without influence on the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sketchfit.data.images import Decoded, ImageError
from sketchfit.processors import cores

Progress = Callable[[int], None]
"""Called with the number of images done so far."""

ReceiveImage = Callable[[int, bytes | None, Decoded | ImageError], None]
"""Receives each image of a pass: (row, content of the file or None, decoded image or why there is none). Called from
several threads, in any order; must not change the image."""

Receiver = Callable[[int], ReceiveImage | None]
"""Called once before a pass over the images with its limit of pixels; returns what receives the images, or None."""


@dataclass(frozen=True)
class Decoding:
    """How image files are decoded, without influence on the result.

    Attributes:
        threads: number of threads; by default that of the processors.
        progress: called with the number of images done so far.
        receiver: returns what else receives the decoded images; not called if nothing has to be decoded.
    """

    threads: int | None = None
    progress: Progress = lambda _: None
    receiver: Receiver = lambda _: None

    @property
    def workers(self) -> int:
        """Number of threads."""
        return self.threads or cores()
