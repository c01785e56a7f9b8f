"""Recognise files that are not a complete image, and images that are not what they seem."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from PIL import Image

Kind = Literal[
    "missing", "empty", "truncated", "damaged", "too_large", "not_an_image", "wrong_extension", "animated", "huge"
]
UNREADABLE: tuple[Kind, ...] = ("missing", "empty", "truncated", "damaged", "too_large", "not_an_image")
"""Kinds of files without a usable image; files of the other kinds are read."""

HUGE_PIXELS = 25_000_000
"""Larger images are reported: decoding them takes longer than everything else in an epoch."""
HUGE_BYTES = 20_000_000

_SUFFIXES: dict[str, frozenset[str]] = {
    "JPEG": frozenset({".jpg", ".jpeg", ".jpe", ".jfif"}),
    "PNG": frozenset({".png", ".apng"}),
    "GIF": frozenset({".gif"}),
    "WebP": frozenset({".webp"}),
    "TIFF": frozenset({".tif", ".tiff"}),
    "BMP": frozenset({".bmp", ".dib"}),
    "AVIF": frozenset({".avif"}),
    "JPEG 2000": frozenset({".jp2", ".j2k", ".jpx"}),
}
_MULTIPLE_IMAGES = ("PNG", "GIF", "WebP", "TIFF", "AVIF")


@dataclass(frozen=True)
class Oddity:
    """One file with something wrong or unusual; `path` relative to the data root."""

    path: str
    split: str
    kind: Kind
    text: str


def file_format(data: bytes) -> str | None:
    """Return the format by the first bytes of the content, as in `Oddity.text`; None if it is not a usual one."""
    starts = {
        b"\xff\xd8\xff": "JPEG",
        b"\x89PNG\r\n\x1a\n": "PNG",
        b"GIF8": "GIF",
        b"II*\x00": "TIFF",
        b"MM\x00*": "TIFF",
        b"BM": "BMP",
        b"\x00\x00\x00\x0cjP  ": "JPEG 2000",
    }
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return "AVIF"
    return next((name for start, name in starts.items() if data.startswith(start)), None)


def why_unreadable(message: str, data: bytes | None) -> Kind:
    """Return the kind of an unreadable file.

    Args:
        message: of the `ImageError` that decoding raised.
        data: the file's content; None if no file can be read.
    """
    if data is None:
        return "too_large" if "limit" in message else "missing"
    if not data:
        return "empty"
    if "limit" in message or "too many pixels" in message:
        return "too_large"
    if "truncated" in message:
        return "truncated"
    return "not_an_image" if file_format(data) is None else "damaged"


def oddities_of(name: str, data: bytes, shape: tuple[int, ...]) -> list[tuple[Kind, str]]:
    """Return what is unusual about a file that was read: (kind, text).

    Args:
        name: of the file, for its suffix.
        data: its content.
        shape: of its image, (H, W) or (H, W, 3).
    """
    found: list[tuple[Kind, str]] = []
    kind, suffix = file_format(data), PurePosixPath(name).suffix.lower()
    if kind is not None and suffix not in _SUFFIXES[kind]:
        found.append(("wrong_extension", f"is a {kind} file, though its name ends in {suffix or 'nothing'!r}"))
    count = _count_images(data) if kind in _MULTIPLE_IMAGES else 1
    if count > 1:
        found.append(("animated", f"contains {count} images; only the first is used"))
    if shape[0] * shape[1] > HUGE_PIXELS or len(data) > HUGE_BYTES:
        found.append(("huge", f"{shape[1]:,} x {shape[0]:,} pixels, {len(data) / 1e6:.1f} MB"))
    return found


def _count_images(data: bytes) -> int:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return int(getattr(image, "n_frames", 1))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return 1  # the first image was read; further ones are not needed
