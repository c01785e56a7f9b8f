"""Uploaded images: bounded in bytes, pixels and formats, with one class of error."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sketchfit.data.decoders.decoded import Decoded, ImageError
from sketchfit.data.decoders.formats import HEAD, format_of
from sketchfit.data.images import decode_image
from sketchfit.wording import size_text

log = logging.getLogger(__name__)

ACCEPTED = ("JPEG", "PNG", "GIF", "WebP", "BMP", "TIFF", "PPM", "AVIF", "HEIC", "JPEG XL", "QOI")
"""Formats of pixels. A small SVG or stroke file can take any time to draw."""


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
    """Decode an uploaded image as training images are decoded; see `data.images.decode_image`.

    Raises:
        ImageError: it is above a limit, of another format, or cannot be decoded. Its text holds no path.
    """
    if len(data) > limits.bytes:
        raise ImageError(f"{size_text(len(data))} is more than the limit of {size_text(limits.bytes)}")
    found = format_of(data[:HEAD])
    if data and (found is None or found.name not in limits.formats):
        what = "not an image of a format that is" if found is None else f"{found.name}, which is not"
        raise ImageError(f"is {what} accepted here: {', '.join(limits.formats)}")
    try:
        return decode_image(data, limits.pixels)
    except ImageError:
        raise
    except Exception as error:  # OpenCV's class of errors is none of the decoders'
        log.warning("an upload cannot be decoded", exc_info=True)
        raise ImageError("cannot be decoded") from error
