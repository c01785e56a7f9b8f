"""Decode an image file to a uint8 array: upright, on white paper, one channel if it is grey.

`decoders/` has one decoder per kind of format, chosen by a file's content. JPEG and PNG are read in a way that detects
damage; what can be decoded of a damaged file is used. Decoders release the GIL, so threads decode in parallel. Sizes
are read from the header before any pixel is decoded. Nothing is printed, except libtiff's line on stderr about a
damaged compressed TIFF.
"""

from __future__ import annotations

import importlib
import io
import os
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sketchfit.data import neutral
from sketchfit.data.containers import read_member
from sketchfit.data.decoders import (
    cut_off,
    decoded,
    formats,
    jpeg,
    jpeg_parts,
    jpeg_pillow,
    large,
    pillow,
    png,
    strokes,
    svg,
)
from sketchfit.data.decoders.decoded import DECODER_ERRORS, Decoded, ImageError, explain
from sketchfit.data.decoders.formats import HEAD, HTML_STARTS, ImageFormat, format_of, missing_decoder
from sketchfit.data.neutral import GREY_TOLERANCE, grey_if_neutral
from sketchfit.regular import check_regular, open_regular, read_regular

__all__ = [
    "GREY_TOLERANCE", "MODULES", "Decoded", "ImageError", "additional_format", "decode", "decode_image",
    "is_image_content", "is_image_name", "is_large", "read_image_file", "reduced",
]  # fmt: skip

MAX_BYTES = 1 << 30
"""A larger file is not read: 100 million pixels of 8 bytes are smaller."""

ALONE = 1 << 28
"""Bytes of a file that is read while no other large image is decoded."""

MODULES = (cut_off, decoded, formats, jpeg, jpeg_parts, jpeg_pillow, large, neutral, pillow, png, strokes, svg)
"""Whose code decides the pixels, besides this module."""

Image.init()


def is_image_name(name: str) -> bool:
    """Return whether a file of this name or path is an image: it has a known suffix and is not hidden (`._1.jpg`)."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    return not base.startswith(".") and os.path.splitext(base)[1].lower() in formats.SUFFIXES  # noqa: PTH122


def is_image_content(path: Path | str) -> bool:
    """Return whether a file is an image by its first bytes, whatever its name is."""
    try:
        with open_regular(path) as file:
            return format_of(file.read(HEAD)) is not None
    except OSError:
        return False


def decode(source: Path | bytes, max_pixels: int = 100_000_000) -> NDArray[np.uint8]:
    """Return the pixels of `decode_image`, for a file or its content."""
    return decode_image(read_image_file(source) if isinstance(source, Path) else source, max_pixels).pixels


def decode_image(data: bytes, max_pixels: int = 100_000_000) -> Decoded:
    """Decode an image by its content.

    EXIF orientation is applied; transparency becomes white, or black where nothing would be visible on white; 16-bit
    and float values are scaled to 0 … 255; the first image of an animation or a file with several pages is decoded;
    colour profiles are ignored. Of a damaged JPEG or PNG what can be decoded is used. An image of more than
    `large.MOST` pixels is halved, as often as needed.

    Args:
        data: a file's content.
        max_pixels: limit of width times height. Formats other than JPEG also have Pillow's own limit, about 179
            million.

    Returns:
        Pixels, contiguous: uint8 [H, W] if R, G and B differ by at most `GREY_TOLERANCE` everywhere, else uint8
        [H, W, 3] RGB; and what is damaged.

    Raises:
        ImageError: empty, too large, not an image, of a format whose decoder is not installed, or so damaged that
            hardly anything can be decoded.
    """
    _refuse_obvious(data)
    with large.one_image():
        try:
            return reduced(_decode(data, max_pixels))
        except DECODER_ERRORS as error:
            raise ImageError(explain(error)) from error


def reduced(image: Decoded) -> Decoded:
    """Return an image of any decoder as `decode_image` does: halved where it is large, one channel where it is grey."""
    factor = large.factor_of(image.pixels.shape[1], image.pixels.shape[0])
    if factor > 1 and image.factor == 1:  # its decoder has no cheaper way
        image = replace(image, pixels=large.halved(image.pixels, factor), factor=factor)
    return replace(image, pixels=grey_if_neutral(image.pixels))


def read_image_file(path: Path) -> bytes:
    """Return a file's content, or that of an image in a container (`cat.ndjson#12`, see `containers`).

    Raises:
        ImageError: the file does not exist, is not regular, is larger than `MAX_BYTES`, or cannot be read.
    """
    try:
        if check_regular(path, MAX_BYTES).st_size > ALONE:
            large.claim(large.AT_ONCE)
        return read_regular(path, MAX_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        if (member := read_member(path)) is not None:
            return member
        raise ImageError("file does not exist") from error
    except (OSError, ValueError) as error:
        raise ImageError(f"file cannot be read: {getattr(error, 'strerror', None) or error}") from error


def additional_format(data: bytes) -> str:
    """Return the name of an image's format where an additional package decodes it; "" for other formats."""
    if data.startswith(b"\x1f\x8b"):
        return "SVG"  # compressed
    found = format_of(data[:HEAD])
    return "" if found is None or not found.modules else found.name


def is_large(data: bytes) -> bool:
    """Return whether an image is halved (see `large`), by its header; False where that cannot be read."""
    try:
        if data.startswith(b"\xff\xd8"):
            width, height = jpeg.size_of(data)
        elif data.startswith(png.SIGNATURE):
            width, height = struct.unpack_from(">II", data, 16)
        else:
            found = format_of(data[:HEAD])
            if found is None or not found.readers or not found.is_installed:
                return False
            with Image.open(io.BytesIO(data), formats=_readers(found)) as image:
                width, height = image.size
    except DECODER_ERRORS:
        return False
    return large.factor_of(width, height) > 1


def _decode(data: bytes, max_pixels: int) -> Decoded:
    if data.startswith(b"\xff\xd8"):
        return jpeg.decode_jpeg(data, max_pixels)
    if data.startswith(png.SIGNATURE):
        return png.decode_png(data, max_pixels)
    if strokes.is_strokes(data[:HEAD]):
        return Decoded(strokes.decode_strokes(data))
    data = svg.unpacked(data)
    found = format_of(data[:HEAD])
    if found is not None and not found.is_installed:
        raise ImageError(missing_decoder(found))
    if found is not None and found.name == "SVG":
        return Decoded(svg.decode_svg(data, max_pixels))
    readers = _readers(found)
    try:
        return pillow.decode_reduced(data, max_pixels, readers)
    except DECODER_ERRORS:
        partly = None
        if found is None or found.name in cut_off.FORMATS:
            partly = cut_off.decode_cut_off(data, max_pixels, readers)
        if partly is None:
            raise
        return partly


def _readers(found: ImageFormat | None) -> tuple[str, ...]:
    """Return Pillow's readers for a format; for an unknown one, all that are in use."""
    if found is None:
        return tuple(reader for one in formats.FORMATS for reader in one.readers if reader in Image.OPEN)
    if found.module is not None:
        module = importlib.import_module(found.module)  # pillow_jxl registers itself
        if hasattr(module, "register_heif_opener"):
            module.register_heif_opener()
    return found.readers


def _refuse_obvious(data: bytes) -> None:
    """Recognise other files that often have an image's suffix."""
    if not data:
        raise ImageError("file is empty (0 bytes)")
    if data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(HTML_STARTS):
        raise ImageError("is a web page (HTML), not an image: the download went wrong")
    if data.startswith(b"version https://git-lfs"):
        raise ImageError("is a Git LFS pointer, not the image: run `git lfs pull`")
    if not any(data[:4096]):
        raise ImageError("contains only zero bytes")
