"""JPEG without simplejpeg: decoded by Pillow.

Of a complete file the pixels are the same: both use libjpeg-turbo. Pillow reports a file that is cut off, but no damage
inside the stream: such an image is used as it comes. An image that is halved is decoded completely first.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from sketchfit.data.decoders.decoded import DECODER_ERRORS, Decoded, ImageError, check_size, damage_text, explain
from sketchfit.data.decoders.jpeg_parts import END, READERS, UNDECODED, orientation, readable_part
from sketchfit.data.decoders.pillow import decode_reduced, turned


def size_of(data: bytes) -> tuple[int, int]:
    """Return width and height by the header."""
    with Image.open(io.BytesIO(data), formats=READERS) as image:
        return image.size


def decode_jpeg(data: bytes, max_pixels: int) -> Decoded:
    """Decode a JPEG; see `images.decode_image`.

    Raises:
        ImageError: too large, or too little of it can be decoded.
    """
    try:
        return decode_reduced(data, max_pixels, READERS)
    except UnidentifiedImageError as error:
        raise ImageError("JPEG is truncated or damaged in its header") from error
    except DECODER_ERRORS as error:
        check_size(*size_of(data), max_pixels)
        pixels, share = readable_part(data, _decode_completed)
        upright = turned(pixels[..., 0] if pixels.shape[2] == 1 else pixels, orientation(data))
        return Decoded(np.ascontiguousarray(upright), damage_text(explain(error), share))


def _decode_completed(data: bytes) -> NDArray[np.uint8]:
    """Decode a file that is cut off, uint8 [H, W, 1 or 3]: with its end marker, Pillow returns what there is."""
    with Image.open(io.BytesIO(data + END), formats=READERS) as image:
        mode = "L" if image.mode == "L" else "RGB"
        try:
            pixels = np.array(image.convert(mode))
        except DECODER_ERRORS:  # it ends within a part between markers
            pixels = np.full((image.height, image.width, 1), UNDECODED, np.uint8)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]
