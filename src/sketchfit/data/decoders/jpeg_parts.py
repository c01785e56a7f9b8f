"""Damaged JPEG files: the part that can be decoded, whichever library decodes it."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sketchfit.data.decoders.decoded import DECODER_ERRORS, LEAST_SHARE, ImageError

END = b"\xff\xd9"
"""Marker at the end of a file."""
UNDECODED = 128
"""libjpeg-turbo leaves this grey where there are no data."""
READERS = ("JPEG",)
"""Pillow's names of the readers."""
_BLOCK = 16
"""Largest height of a row of blocks."""
_ATTEMPTS = 12


def readable_part(data: bytes, decode: Callable[[bytes], NDArray[np.uint8]]) -> tuple[NDArray[np.uint8], float]:
    """Decode what can be decoded, on white.

    Where a part between markers is incomplete, nothing may be decoded of a progressive file; the data are then cut
    before that part.

    Args:
        data: content of the file.
        decode: content to pixels, uint8 [H, W, 1 or 3], `UNDECODED` where there are no data.

    Returns:
        The pixels, and the share of the rows that were decoded.

    Raises:
        ImageError: hardly anything can be decoded.
    """
    end = len(data)
    for _ in range(_ATTEMPTS):
        pixels = decode(data[:end] + END * (end < len(data)))
        share = _whiten_undecoded(pixels)
        if share >= LEAST_SHARE:
            return pixels, share
        end = data.rfind(b"\xff", 0, end)
        if end < 0:
            break
    raise ImageError("image is truncated or damaged, and hardly anything of it can be decoded")


def _whiten_undecoded(pixels: NDArray[np.uint8]) -> float:
    """Make white, in place, what was not decoded at the end; return the share of rows that was decoded."""
    undecoded = (pixels == UNDECODED).all(axis=2)
    filled = np.flatnonzero(~undecoded.all(axis=1))
    rows = int(filled[-1]) + 1 if len(filled) else 0
    pixels[rows:] = 255
    first = max(0, (rows - 1) // _BLOCK * _BLOCK)  # the last row of blocks may end before its right edge
    columns = np.flatnonzero(~undecoded[first:rows].all(axis=0))
    if len(columns):
        pixels[first:rows, int(columns[-1]) + 1 :] = 255
    return rows / max(1, len(pixels))


def orientation(data: bytes) -> int:
    """Return the EXIF orientation, 1 … 8; 1 where there is none."""
    if b"Exif\0" not in data and b"tiff:Orientation" not in data:
        return 1
    try:
        with Image.open(io.BytesIO(data), formats=READERS) as image:
            return int(image.getexif().get(0x0112, 1))
    except DECODER_ERRORS:
        return 1
