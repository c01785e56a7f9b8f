"""The quality with which a JPEG file was written, from its quantisation table."""

from __future__ import annotations

import re
import struct
from functools import lru_cache
from math import nan

import numpy as np
from numpy.typing import NDArray

# Annex K of the JPEG standard, luminance, in zigzag order: libjpeg scales this table for a quality of 1 … 100.
_STANDARD = np.array(
    [
        16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51,
        61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77,
        113, 121, 112, 100, 120, 92, 101, 103, 99,
    ],
    dtype=np.float64,
)  # fmt: skip


def jpeg_quality(data: bytes) -> float:
    """Return the quality at which libjpeg writes this file's luminance quantisation table.

    Args:
        data: a file's content.

    Returns:
        1 … 100, or NaN for a file that is no JPEG or has no such table before its pixels.
    """
    table = _luminance_table(data)
    return nan if table is None else _quality_of(tuple(table.tolist()))


@lru_cache(256)
def _quality_of(entries: tuple[float, ...]) -> float:
    """Return the quality of a quantisation table; files of one program have one table."""
    table = np.array(entries)
    if (table == 1).all():
        return 100.0
    # Entries that were clipped to 1 or 255 have no information about the factor.
    free = (table > 1) & (table < 255)
    percent = float(np.median(100 * table[free] / _STANDARD[free])) if free.any() else 5000.0
    quality = (200 - percent) / 2 if percent <= 100 else 5000 / percent
    return float(np.clip(round(quality), 1, 100))


def _luminance_table(data: bytes) -> NDArray[np.float64] | None:
    if not data.startswith(b"\xff\xd8"):
        return None
    position = 2
    while position + 4 <= len(data):
        found = re.compile(b"\xff+([\xc0-\xfe])").match(data, position)
        if found is None:
            return None
        marker = found.group(1)[0]
        position = found.end()
        if marker == 0xDA or position + 2 > len(data):
            return None
        (length,) = struct.unpack_from(">H", data, position)
        if marker == 0xDB:
            table = _table_zero(data[position + 2 : position + length])
            if table is not None:
                return table
        position += length
    return None


def _table_zero(segment: bytes) -> NDArray[np.float64] | None:
    position = 0
    while position < len(segment):
        wide, number = segment[position] >> 4, segment[position] & 15
        size = 128 if wide else 64
        values = segment[position + 1 : position + 1 + size]
        if number == 0 and len(values) == size:
            return np.frombuffer(values, dtype=">u2" if wide else np.uint8).astype(np.float64)
        position += 1 + size
    return None
