"""A process that makes augmented pictures: requests come by standard input, pictures go to standard output. It ends
when its standard input is closed, so that it does not survive the process that started it."""

from __future__ import annotations

import os
import pickle
import sys
from contextlib import suppress

import cv2

from sketchfit.data.picture_source import PictureSource

DONE, FAILED, UNKNOWN = b"\0", b"\1", b"\2"
"""First byte of what is sent for a request: pictures follow; a pickled error follows; the source is not known here."""


def main() -> None:
    """Send the pictures of each request, an array of samples, from the last source; a source comes as bytes."""
    cv2.setNumThreads(1)
    place = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no picture
    source: PictureSource | None = None
    with suppress(EOFError, BrokenPipeError):
        while True:
            request = pickle.load(sys.stdin.buffer)
            if isinstance(request, bytes):
                source = _read(request)
            elif source is None:
                _write(place, UNKNOWN)
            else:
                try:
                    status, content = DONE, source.pictures(request).data.cast("B")
                except Exception as error:
                    status, content = FAILED, memoryview(_pickled(error))
                _write(place, status)
                _write(place, content)


def _read(content: bytes) -> PictureSource | None:
    """Return a source; None where a function of it cannot be imported here."""
    try:
        source: PictureSource = pickle.loads(content)
    except Exception:
        return None
    return source


def _pickled(error: Exception) -> bytes:
    """Return an error as bytes that another process can read."""
    try:
        content = pickle.dumps(error)
        pickle.loads(content)
    except Exception:
        content = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return content


def _write(place: int, content: bytes | memoryview) -> None:
    """Write all of some bytes to a pipe."""
    left = memoryview(content)
    while left:
        left = left[os.write(place, left) :]


if __name__ == "__main__":
    main()
