"""Files that are cut off, of formats that store pixels one after the other: BMP, PPM, TGA, QOI, plain TIFF."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sketchfit.data.decoders.decoded import DECODER_ERRORS, LEAST_SHARE, Decoded, ImageError, damage_text
from sketchfit.data.decoders.pillow import decode_with_pillow

FORMATS = ("BMP", "PPM", "TGA", "QOI", "TIFF")
"""Names of the formats (see `formats`)."""

_BYTES_PER_PIXEL = 8
_MOST_BYTES = 1 << 26


def decode_cut_off(data: bytes, max_pixels: int, readers: Sequence[str]) -> Decoded | None:
    """Decode what is there of a file, on white: the file is completed in two ways, and what differs was not there.

    Returns:
        None if the file is not cut off, or of another kind of compression.
    """
    try:
        with Image.open(io.BytesIO(data), formats=tuple(readers)) as image:
            size = image.width * image.height * _BYTES_PER_PIXEL
        if size > _MOST_BYTES:
            return None
        first, second = (decode_with_pillow(data + fill * size, max_pixels, readers) for fill in (b"\0", b"\xff"))
    except (*DECODER_ERRORS, ImageError):
        return None
    unknown = _differs(first, second)
    share = 1 - float(unknown.mean())
    if share == 1 or share < LEAST_SHARE:
        return None
    pixels = first.copy()
    pixels[unknown] = 255
    return Decoded(pixels, damage_text("image is truncated", share))


def _differs(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which pixels differ, bool [H, W]."""
    different = first != second
    return different if different.ndim == 2 else np.asarray(different.any(axis=2))
