"""JPEG, decoded by libjpeg-turbo in strict mode, which treats damage inside the stream as an error.

OpenCV prints a warning and returns the readable part, and Pillow reports nothing. Of a damaged file the readable part
is decoded again, and the damage is reported. simplejpeg has this mode; without it Pillow decodes (see `jpeg_pillow`).
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray
from PIL import UnidentifiedImageError

from sketchfit.data.decoders import jpeg_pillow
from sketchfit.data.decoders.decoded import DECODER_ERRORS, Decoded, ImageError, check_size, damage_text, explain
from sketchfit.data.decoders.jpeg_parts import READERS, UNDECODED, orientation, readable_part
from sketchfit.data.decoders.large import factor_of
from sketchfit.data.decoders.pillow import decode_reduced, turned

try:
    import simplejpeg
except ModuleNotFoundError:
    simplejpeg = None

_HARMLESS = re.compile(r"extraneous bytes before marker 0xd9")
_DAMAGE = re.compile(r"Corrupt JPEG data|Premature end|Inconsistent progression")


def size_of(data: bytes) -> tuple[int, int]:
    """Return width and height by the header.

    Raises:
        ValueError, OSError: one of `DECODER_ERRORS`: it cannot be read.
    """
    if simplejpeg is None:
        return jpeg_pillow.size_of(data)
    height, width, *_ = simplejpeg.decode_jpeg_header(data)
    return width, height


def decode_jpeg(data: bytes, max_pixels: int) -> Decoded:
    """Decode a JPEG; see `images.decode_image`.

    Raises:
        ImageError: too large, or too little of it can be decoded.
    """
    if simplejpeg is None:
        return jpeg_pillow.decode_jpeg(data, max_pixels)
    try:
        height, width, colour, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return _decode_odd(data, max_pixels)
    check_size(width, height, max_pixels)
    if colour == "CMYK":
        return decode_reduced(data, max_pixels, READERS)
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
                return decode_reduced(data, max_pixels, READERS)
            except DECODER_ERRORS:
                pixels, share = _readable_part(data, (height, width), channels)
                damage, factor = damage_text(explain(error), share), 1
    upright = turned(pixels[..., 0] if channels == "GRAY" else pixels, orientation(data))
    return Decoded(np.ascontiguousarray(upright), damage, factor)


def _decode_odd(data: bytes, max_pixels: int) -> Decoded:
    """Decode a JPEG whose header simplejpeg refuses: Pillow supports more kinds of subsampling."""
    try:
        return decode_reduced(data, max_pixels, READERS)
    except UnidentifiedImageError as error:
        raise ImageError("JPEG is truncated or damaged in its header") from error


def _readable_part(data: bytes, shape: tuple[int, int], channels: str) -> tuple[NDArray[np.uint8], float]:
    """Decode what can be decoded, on white: uint8 [H, W, 1 or 3], and the share of the rows that were decoded."""

    def decode(part: bytes) -> NDArray[np.uint8]:
        pixels = np.full((*shape, 1 if channels == "GRAY" else 3), UNDECODED, np.uint8)
        simplejpeg.decode_jpeg(part, channels, buffer=pixels, strict=False)
        return pixels

    return readable_part(data, decode)
