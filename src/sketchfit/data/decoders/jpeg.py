"""JPEG, decoded by libjpeg-turbo in strict mode, which treats damage inside the stream as an error.

OpenCV prints a warning and returns the readable part, and Pillow reports nothing. Of a damaged file the readable part
is decoded again, and the damage is reported.
"""

from __future__ import annotations

import io
import re

import numpy as np
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from sketchfit.data.decoders.decoded import (
    DECODER_ERRORS,
    LEAST_SHARE,
    Decoded,
    ImageError,
    check_size,
    damage_text,
    explain,
)
from sketchfit.data.decoders.large import factor_of
from sketchfit.data.decoders.pillow import decode_reduced, turned

_HARMLESS = re.compile(r"extraneous bytes before marker 0xd9")
_DAMAGE = re.compile(r"Corrupt JPEG data|Premature end|Inconsistent progression")
_UNDECODED = 128
"""libjpeg-turbo leaves this grey where there are no data."""
_BLOCK = 16
"""Largest height of a row of blocks."""
_ATTEMPTS = 12
_READERS = ("JPEG",)


def decode_jpeg(data: bytes, max_pixels: int) -> Decoded:
    """Decode a JPEG; see `images.decode_image`.

    Raises:
        ImageError: too large, or too little of it can be decoded.
    """
    try:
        height, width, colour, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return _decode_odd(data, max_pixels)
    check_size(width, height, max_pixels)
    if colour == "CMYK":
        return decode_reduced(data, max_pixels, _READERS)
    channels = "GRAY" if colour == "Gray" else "RGB"
    damage, factor = "", factor_of(width, height)
    least = {"min_height": -(-height // factor), "min_width": -(-width // factor)} if factor > 1 else {}
    try:
        pixels = simplejpeg.decode_jpeg(data, channels, **least)
    except ValueError as error:
        if _HARMLESS.search(str(error)):
            pixels = simplejpeg.decode_jpeg(data, channels, strict=False, **least)
        else:
            try:
                if _DAMAGE.search(str(error)):
                    raise
                return decode_reduced(data, max_pixels, _READERS)
            except DECODER_ERRORS:
                pixels, share = _readable_part(data, (height, width), channels)
                damage, factor = damage_text(explain(error), share), 1
    upright = turned(pixels[..., 0] if channels == "GRAY" else pixels, _orientation(data))
    return Decoded(np.ascontiguousarray(upright), damage, factor)


def _decode_odd(data: bytes, max_pixels: int) -> Decoded:
    """Decode a JPEG whose header simplejpeg refuses: Pillow supports more kinds of subsampling."""
    try:
        return decode_reduced(data, max_pixels, _READERS)
    except UnidentifiedImageError as error:
        raise ImageError("JPEG is truncated or damaged in its header") from error


def _readable_part(data: bytes, shape: tuple[int, int], channels: str) -> tuple[NDArray[np.uint8], float]:
    """Decode what can be decoded, on white.

    Where a part between markers is incomplete, nothing may be decoded of a progressive file; the data are then cut
    before that part.

    Returns:
        uint8 [H, W, 1 or 3], and the share of the rows that were decoded.
    """
    end = len(data)
    for _ in range(_ATTEMPTS):
        pixels = np.full((*shape, 1 if channels == "GRAY" else 3), _UNDECODED, np.uint8)
        simplejpeg.decode_jpeg(data[:end] + b"\xff\xd9" * (end < len(data)), channels, buffer=pixels, strict=False)
        share = _whiten_undecoded(pixels)
        if share >= LEAST_SHARE:
            return pixels, share
        end = data.rfind(b"\xff", 0, end)
        if end < 0:
            break
    raise ImageError("image is truncated or damaged, and hardly anything of it can be decoded")


def _whiten_undecoded(pixels: NDArray[np.uint8]) -> float:
    """Make white, in place, what was not decoded at the end; return the share of rows that was decoded."""
    undecoded = (pixels == _UNDECODED).all(axis=2)
    filled = np.flatnonzero(~undecoded.all(axis=1))
    rows = int(filled[-1]) + 1 if len(filled) else 0
    pixels[rows:] = 255
    first = max(0, (rows - 1) // _BLOCK * _BLOCK)  # the last row of blocks may end before its right edge
    columns = np.flatnonzero(~undecoded[first:rows].all(axis=0))
    if len(columns):
        pixels[first:rows, int(columns[-1]) + 1 :] = 255
    return rows / max(1, len(pixels))


def _orientation(data: bytes) -> int:
    if b"Exif\0" not in data and b"tiff:Orientation" not in data:
        return 1
    try:
        with Image.open(io.BytesIO(data), formats=_READERS) as image:
            return int(image.getexif().get(0x0112, 1))
    except DECODER_ERRORS:
        return 1
