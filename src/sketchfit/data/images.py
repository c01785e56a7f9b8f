"""Decode an image file to a uint8 array: upright, on white paper, one channel if it is grey.

JPEG is decoded by libjpeg-turbo in strict mode (simplejpeg), which treats damage inside the stream as an error: OpenCV
prints a warning and returns the readable half, Pillow reports nothing. All other formats are decoded by Pillow. Both
release the GIL, so threads decode in parallel. Sizes are read from the header before any pixel is decoded. Nothing is
printed, except libtiff's line on stderr about a damaged compressed TIFF.
"""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

GREY_TOLERANCE = 12
"""Largest difference between R, G and B (of 255) in any pixel of an image that counts as grey: more than what JPEG's
rounding of chroma adds to a neutral grey (2 … 8), less than the faintest pencil colour."""

MAX_BYTES = 1 << 30
"""A larger file is not read."""

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".dib"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".jp2"}
)
"""Suffixes (lower case) of images in a folder."""

# Only formats of pixels: Pillow's EPS reader, for example, would start Ghostscript on the user's file.
Image.init()
_WANTED = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "DIB", "PPM", "AVIF", "JPEG2000")
Image.init()
_FORMATS: tuple[str, ...] = tuple(name for name in _WANTED if name in Image.OPEN)
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HARMLESS_JPEG_WARNING = re.compile(r"extraneous bytes before marker 0xd9")
_DAMAGE = re.compile(r"Corrupt JPEG data|Premature end|Inconsistent progression")
_DECODER_ERRORS = (
    OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, SyntaxError, EOFError,
    NotImplementedError, RuntimeError, MemoryError, struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip

# Pillow reports broken metadata as Python warnings; the pixels either decode or raise, and sizes are checked here.
warnings.filterwarnings("ignore", module=r"PIL\.")


class ImageError(Exception):
    """A file that is not a complete image.

    The message is what is wrong, without the name of the file, which the caller adds.
    """


def is_image_name(name: str) -> bool:
    """Return whether a file of this name or path is an image: it has a known suffix and is not hidden (`._1.jpg`)."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    return not base.startswith(".") and os.path.splitext(base)[1].lower() in IMAGE_SUFFIXES  # noqa: PTH122


def decode(source: Path | bytes, max_pixels: int = 100_000_000) -> NDArray[np.uint8]:
    """Decode an image by its content; its suffix is ignored.

    EXIF orientation is applied; transparency becomes white; 16-bit and float values are scaled to 0 … 255; the first
    image of an animation or a file with several pages is decoded; colour profiles are ignored.

    Args:
        source: a file, or a file's content.
        max_pixels: limit of width times height. Formats other than JPEG also have Pillow's own limit, about 179
            million.

    Returns:
        uint8 [H, W] if R, G and B differ by at most `GREY_TOLERANCE` everywhere, else uint8 [H, W, 3] RGB.
        Contiguous.

    Raises:
        ImageError: no such file, empty, too large, truncated or damaged, or not an image.
    """
    data = read_image_file(source) if isinstance(source, Path) else source
    _refuse_obvious(data)
    try:
        pixels = _decode_jpeg(data, max_pixels) if data.startswith(b"\xff\xd8") else _decode_other(data, max_pixels)
    except _DECODER_ERRORS as error:
        raise ImageError(_explain(error)) from error
    return _grey_if_neutral(pixels)


def read_image_file(path: Path) -> bytes:
    """Return a file's content.

    Raises:
        ImageError: the file does not exist, is not regular, is larger than `MAX_BYTES`, or cannot be read.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ImageError("is a folder, not a file" if stat.S_ISDIR(status.st_mode) else "is not a regular file")
        if status.st_size > MAX_BYTES:
            raise ImageError(f"file of {status.st_size:,} bytes is larger than the limit of {MAX_BYTES:,}")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ImageError("file does not exist") from error
    except (OSError, ValueError) as error:
        raise ImageError(f"file cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _refuse_obvious(data: bytes) -> None:
    """Recognise other files that often have an image's suffix."""
    if not data:
        raise ImageError("file is empty (0 bytes)")
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        raise ImageError("is a web page (HTML), not an image: the download went wrong")
    if head.startswith(b"<svg") or (head.startswith(b"<?xml") and b"<svg" in head):
        raise ImageError("is an SVG drawing: export it as PNG")
    if head.startswith(b"version https://git-lfs"):
        raise ImageError("is a Git LFS pointer, not the image: run `git lfs pull`")
    if not any(data[:4096]):
        raise ImageError("contains only zero bytes")


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise ImageError(f"{width} x {height} pixels is more than the limit of {max_pixels:,} pixels")


def _decode_jpeg(data: bytes, max_pixels: int) -> NDArray[np.uint8]:
    try:
        height, width, colour, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return _decode_odd_jpeg(data, max_pixels)
    _check_size(width, height, max_pixels)
    if colour == "CMYK":
        return _decode_other(data, max_pixels)
    channels = "GRAY" if colour == "Gray" else "RGB"
    try:
        pixels = simplejpeg.decode_jpeg(data, channels)
    except ValueError as error:
        if _HARMLESS_JPEG_WARNING.search(str(error)):
            pixels = simplejpeg.decode_jpeg(data, channels, strict=False)
        elif _DAMAGE.search(str(error)):
            raise
        else:
            return _decode_other(data, max_pixels)
    upright = _turn(pixels[..., 0] if channels == "GRAY" else pixels, _jpeg_orientation(data))
    return np.ascontiguousarray(upright)


def _decode_odd_jpeg(data: bytes, max_pixels: int) -> NDArray[np.uint8]:
    """Decode a JPEG whose header simplejpeg refuses: Pillow supports more kinds of subsampling."""
    try:
        return _decode_other(data, max_pixels)
    except UnidentifiedImageError as error:
        raise ImageError("JPEG is truncated or damaged in its header") from error


def _jpeg_orientation(data: bytes) -> int:
    if b"Exif\0" not in data and b"tiff:Orientation" not in data:
        return 1
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            return int(image.getexif().get(0x0112, 1))
    except _DECODER_ERRORS:
        return 1


def _turn(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo an EXIF orientation (1 … 8; anything else is taken as 1)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _decode_other(data: bytes, max_pixels: int) -> NDArray[np.uint8]:
    if data.startswith(_PNG_SIGNATURE):
        _check_png(data)
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        _check_size(*image.size, max_pixels)
        inverted = image.format == "JPEG" and image.mode == "CMYK" and "adobe" not in image.info
        tags = dict(getattr(image, "tag_v2", {}))
        image.load()
        upright = _upright(image)
        if upright.mode in ("F", "I") or upright.mode.startswith("I;"):
            return _from_wide(upright, image.format or "", tags)
        if (
            inverted
        ):  # Pillow treats every CMYK JPEG as Adobe's, which stores 255 - ink; without Adobe's marker it is not
            upright = Image.eval(upright, lambda value: 255 - value)
        return _on_white(upright)


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except _DECODER_ERRORS:
        return image


def _on_white(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        alpha = rgba[..., 3:].astype(np.uint16)
        mixed = (rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
        return np.ascontiguousarray(mixed.astype(np.uint8))
    if image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    return np.array(image, dtype=np.uint8)


def _from_wide(image: Image.Image, kind: str, tags: dict[int, Any]) -> NDArray[np.uint8]:
    """Convert wide grey to 8 bits by the depth in the file, else by the smallest usual range of the values."""
    values = np.array(image, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ImageError("contains values that are not finite numbers")
    low, high = float(values.min()), float(values.max())
    bits = int(tags.get(258, (16,))[0]) if image.mode.startswith("I;") else 16
    if image.mode.startswith("I;") or kind == "PPM":
        top = float(2**bits - 1)
    elif low < 0:
        values, top = values - low, (high - low) or 1.0
    else:
        usual = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        top = next((limit for limit in usual if high <= limit), high)
    scaled = np.clip(np.rint(values * (255.0 / top)), 0, 255).astype(np.uint8)
    if tags.get(262) == 0:
        scaled = 255 - scaled  # TIFF's WhiteIsZero, which Pillow undoes for 1 and 8 bits only
    see_through = image.info.get("transparency")
    if isinstance(see_through, int):
        scaled[values == see_through] = 255
    return scaled


def _check_png(data: bytes) -> None:
    """Compare each chunk's checksum: Pillow ignores those of the pixels, and would return damaged pixels."""
    position, end = 8, len(data)
    view = memoryview(data)
    while position + 12 <= end:
        (length,) = struct.unpack_from(">I", data, position)
        stop = position + 8 + length
        if stop + 4 > end:
            break
        kind = data[position + 4 : position + 8]
        # A lower-case first letter marks optional parts (text, dates, profiles).
        if kind[:1].isupper() and zlib.crc32(view[position + 4 : stop]) != struct.unpack_from(">I", data, stop)[0]:
            raise ImageError(f"PNG is damaged: the checksum of its {kind.decode('latin-1')} part is wrong")
        if kind == b"IEND":
            return
        position = stop + 4
    raise ImageError("PNG is truncated")


def _grey_if_neutral(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if pixels.ndim == 2:
        return pixels
    red, green, blue = cv2.split(pixels)
    if max(cv2.norm(a, b, cv2.NORM_INF) for a, b in ((red, green), (green, blue), (red, blue))) > GREY_TOLERANCE:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _explain(error: BaseException) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "is not an image in a supported format"
    if isinstance(error, Image.DecompressionBombError):
        return f"too many pixels: {error}"
    text = str(error) or type(error).__name__
    if re.search(r"truncated|Premature end of JPEG|Truncated", text):
        return f"image is truncated ({text})"
    return f"image is damaged ({text})"
