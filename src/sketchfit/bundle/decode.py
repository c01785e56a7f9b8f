"""Uploaded images: bounded in bytes, pixels and formats, with one class of error."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sketchfit.data.decoders.decoded import Decoded, ImageError
from sketchfit.data.decoders.formats import HEAD, format_of
from sketchfit.data.images import decode_image
from sketchfit.wording import size_text

log = logging.getLogger(__name__)

ACCEPTED = ("JPEG", "PNG", "GIF", "WebP", "BMP", "TIFF", "AVIF", "HEIC", "JPEG XL")
"""Formats of pixels that C libraries decode. A small SVG or stroke file can take any time to draw, and Pillow decodes
PPM and QOI in Python, which takes long for a large image and delays the other threads meanwhile."""

MOST_SCANS = 500
"""Of a JPEG; usual files have at most about ten. Each scan of a progressive one takes the time of a complete image, and
may have a few bytes."""

_SCAN = b"\xff\xda"
"""Marker before a scan."""

_BMP_COMPRESSION, _BMP_RUN_LENGTHS = slice(30, 34), (b"\1\0\0\0", b"\2\0\0\0")
"""Place of the kind of compression in a BMP, and the kinds that Pillow decodes in Python."""

_BMP_OLD = b"\x0c"
"""Length of the header of a BMP that states no compression."""


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
        ImageError: it is above a limit, of another format, would take too long, or cannot be decoded. Its
            text holds no path.
    """
    if len(data) > limits.bytes:
        raise ImageError(f"{size_text(len(data))} is more than the limit of {size_text(limits.bytes)}")
    found = format_of(data[:HEAD])
    if data and (found is None or found.name not in limits.formats):
        what = "not an image of a format that is" if found is None else f"{found.name}, which is not"
        raise ImageError(f"is {what} accepted here: {', '.join(limits.formats)}")
    _refuse_slow(data, "" if found is None else found.name)
    try:
        return decode_image(data, limits.pixels)
    except ImageError:
        raise
    except Exception as error:  # OpenCV's class of errors is none of the decoders'
        log.warning("an upload cannot be decoded", exc_info=True)
        raise ImageError("cannot be decoded") from error


def _refuse_slow(data: bytes, name: str) -> None:
    """Refuse what takes much longer to decode than its pixels do: a thread that decodes cannot be stopped."""
    if name == "JPEG" and (scans := data.count(_SCAN)) > MOST_SCANS:
        raise ImageError(f"JPEG of {scans:,} scans is more than the limit of {MOST_SCANS} scans")
    if name == "BMP" and data[14:15] != _BMP_OLD and data[_BMP_COMPRESSION] in _BMP_RUN_LENGTHS:
        raise ImageError("is a BMP with run-length compression, which is not accepted here: send it as PNG")
