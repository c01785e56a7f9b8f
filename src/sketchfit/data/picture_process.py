"""A process that makes augmented pictures: requests come by standard input, pictures go to standard output. It ends
when its standard input is closed, so that it does not survive the process that started it."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from contextlib import suppress

import cv2
import numpy as np

from sketchfit.data.picture_source import PictureSource

DONE, FAILED = b"\0", b"\1"
"""First byte of an answer: pictures follow, or a pickled error."""


def main() -> None:
    """Answer each request, an array of rows, with its pictures from the last source that was sent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started this one receives it
    cv2.setNumThreads(1)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what a library prints is no picture
    source: PictureSource | None = None
    with suppress(EOFError, BrokenPipeError):
        while True:
            request = pickle.load(sys.stdin.buffer)
            if isinstance(request, PictureSource):
                source = request
                continue
            assert source is not None
            try:
                answer = DONE, np.ascontiguousarray(source.pictures(request)).data.cast("B")
            except Exception as error:
                answer = FAILED, memoryview(pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}")))
            for part in answer:
                _write(answers.fileno(), memoryview(part))


def _write(place: int, content: memoryview) -> None:
    """Write all of some bytes to a pipe."""
    while content:
        content = content[os.write(place, content) :]


if __name__ == "__main__":
    main()
