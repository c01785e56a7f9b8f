"""Images from strangers: bounded in bytes, pixels and formats, with one class of error."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.decoders.decoded import Decoded, ImageError
from sketchfit.data.decoders.formats import HEAD, format_of
from sketchfit.data.images import decode_image
from sketchfit.wording import size_text

log = logging.getLogger(__name__)

ACCEPTED = ("JPEG", "PNG", "GIF", "WebP", "BMP", "TIFF", "PPM", "AVIF", "HEIC", "JPEG XL", "QOI")
"""Formats of pixels. SVG and stroke files are small programs whose drawing takes as long as they like."""


@dataclass(frozen=True)
class UploadLimits:
    """Limits of one image.

    Attributes:
        bytes: of its file.
        pixels: width times height, by the file's header, before anything is decoded.
        formats: names of accepted formats, see `data.decoders.formats`.
    """

    bytes: int = 16_000_000
    pixels: int = 25_000_000
    formats: tuple[str, ...] = ACCEPTED


DEFAULT = UploadLimits()


def upload(data: bytes, limits: UploadLimits = DEFAULT) -> Decoded:
    """Decode an image from a stranger, as training images are decoded; see `data.images.decode_image`.

    Raises:
        ImageError: it is above a limit, of another format, or cannot be decoded. Its text holds no path.
    """
    if len(data) > limits.bytes:
        raise ImageError(f"{size_text(len(data))} is more than the limit of {size_text(limits.bytes)}")
    found = format_of(data[:HEAD])
    if data and found is not None and found.name not in limits.formats:
        raise ImageError(f"is {found.name}, which is not accepted here: {', '.join(limits.formats)}")
    if data and found is None:
        raise ImageError(f"is not an image of a format that is accepted here: {', '.join(limits.formats)}")
    try:
        return decode_image(data, limits.pixels)
    except ImageError:
        raise
    except Exception as error:  # OpenCV's class of errors is none of the decoders'
        log.warning("an upload cannot be decoded", exc_info=True)
        raise ImageError("cannot be decoded") from error


def decode_upload(data: bytes, limits: UploadLimits = DEFAULT) -> NDArray[np.uint8]:
    """Return the pixels of `upload`, uint8 [H, W] or [H, W, 3]."""
    return upload(data, limits).pixels
