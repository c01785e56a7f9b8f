"""PNG: its checksums are compared, and of a damaged file the rows before the damage are decoded."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.decoders.decoded import DECODER_ERRORS, LEAST_SHARE, Decoded, ImageError, check_size, damage_text
from sketchfit.data.decoders.pillow import decode_reduced, decode_with_pillow

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Channels by colour type."""
_BEFORE_PIXELS = (b"PLTE", b"tRNS")
"""Further parts that decide the pixels."""
_READERS = ("PNG",)


@dataclass(frozen=True)
class _Part:
    """One part of the file; `sound` where its checksum is right."""

    kind: bytes
    content: bytes
    complete: bool
    sound: bool


def decode_png(data: bytes, max_pixels: int) -> Decoded:
    """Decode a PNG; see `images.decode_image`.

    Raises:
        ImageError: too large, or too little of it can be decoded.
    """
    damage = _damage(data)
    if not damage:
        try:
            return decode_reduced(data, max_pixels, _READERS)
        except DECODER_ERRORS as error:
            damage = f"PNG is damaged ({error})"
    try:
        pixels, share = _readable_part(_Parts.of(data), max_pixels)
    except DECODER_ERRORS as error:
        raise ImageError(damage) from error
    if share < LEAST_SHARE:
        raise ImageError(f"{damage}, and hardly anything of it can be decoded")
    return Decoded(pixels, damage_text(damage, share))


def _damage(data: bytes) -> str:
    """Return what is wrong with the parts: Pillow ignores the checksums of pixels, and would return damaged ones."""
    for part in _parts(data):
        if not part.complete:
            break
        # A lower-case first letter marks optional parts (text, dates, profiles).
        if part.kind[:1].isupper() and not part.sound:
            return f"PNG is damaged: the checksum of its {part.kind.decode('latin-1')} part is wrong"
        if part.kind == b"IEND":
            return ""
    return "PNG is truncated"


def _parts(data: bytes) -> Iterator[_Part]:
    """Yield the parts; the last one may be incomplete."""
    position, end = len(SIGNATURE), len(data)
    while position + 8 <= end:
        (length,) = struct.unpack_from(">I", data, position)
        stop = position + 8 + length
        kind, content = data[position + 4 : position + 8], data[position + 8 : stop]
        complete = stop + 4 <= end
        sound = complete and zlib.crc32(data[position + 4 : stop]) == struct.unpack_from(">I", data, stop)[0]
        yield _Part(kind, content, complete, sound)
        position = stop + 4


@dataclass
class _Parts:
    """The parts that decide the pixels."""

    header: bytes = b""
    before: dict[bytes, bytes] = field(default_factory=dict)
    pixels: bytearray = field(default_factory=bytearray)

    @staticmethod
    def of(data: bytes) -> _Parts:
        """Collect the parts of a file."""
        parts = _Parts()
        for part in _parts(data):
            if part.kind == b"IHDR":
                parts.header = part.content
            elif part.kind == b"IDAT":
                parts.pixels += part.content
            elif part.kind in _BEFORE_PIXELS:
                parts.before[part.kind] = part.content
        return parts


def _readable_part(parts: _Parts, max_pixels: int) -> tuple[NDArray[np.uint8], float]:
    """Decode the complete rows of a file, on white.

    Returns:
        uint8 [H, W] or [H, W, 3], and the share of the rows that were decoded.

    Raises:
        ImageError: it is too large.
        OSError, ValueError, …: one of `DECODER_ERRORS`.
    """
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", parts.header)
    check_size(width, height, max_pixels)
    if not width or not height:
        raise ValueError("no pixels")
    if interlaced:  # complete, or not at all
        return decode_with_pillow(_png(parts, parts.header, bytes(parts.pixels)), max_pixels, _READERS), 1.0
    stride = 1 + -(-width * bits * _CHANNELS[colour] // 8)
    raw = np.frombuffer(_inflated(bytes(parts.pixels), height * stride), np.uint8)
    rows = raw[: len(raw) // stride * stride].reshape(-1, stride)
    wrong = np.flatnonzero(rows[:, 0] > 4)  # no such filter: from here on nothing is right
    rows = rows[: wrong[0]] if len(wrong) else rows
    if not len(rows):
        raise ValueError("no row can be decoded")
    header = parts.header[:4] + struct.pack(">I", len(rows)) + parts.header[8:]
    pixels = decode_with_pillow(_png(parts, header, zlib.compress(rows.tobytes(), 1)), max_pixels, _READERS)
    full = np.full((height, *pixels.shape[1:]), 255, np.uint8)
    full[: len(pixels)] = pixels
    return full, len(rows) / height


def _png(parts: _Parts, header: bytes, pixels: bytes) -> bytes:
    """Return a PNG without the optional parts, each with its right checksum."""
    every = [(b"IHDR", header), *parts.before.items(), (b"IDAT", pixels), (b"IEND", b"")]
    return SIGNATURE + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in every
    )


def _inflated(data: bytes, limit: int) -> bytes:
    """Return what can be decompressed, at most `limit` bytes; the checksum at the end is not compared."""
    stream, found = zlib.decompressobj(-15), bytearray()
    step = 1 if len(data) < 1 << 20 else 64  # what the last step would return is lost
    try:
        for start in range(2, len(data), step):  # after the two bytes of zlib's header
            found += stream.decompress(data[start : start + step], limit - len(found) + 1)
            if len(found) >= limit or stream.eof:
                break
    except zlib.error:
        pass
    return bytes(found[:limit])
