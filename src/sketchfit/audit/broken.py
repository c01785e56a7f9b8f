"""Files that are no whole image, and files that are one but not the one they seem to be."""

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
"""Kinds of file without a usable picture; the other kinds are read, and only worth knowing."""

HUGE_PIXELS = 25_000_000
"""More pixels than this are reported: decoding them takes longer than all else in an epoch."""
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
_MANY_PICTURES = ("PNG", "GIF", "WebP", "TIFF", "AVIF")


@dataclass(frozen=True)
class Oddity:
    """One file with something wrong or unexpected; `path` relative to the data root."""

    path: str
    split: str
    kind: Kind
    text: str


def file_format(data: bytes) -> str | None:
    """Format by the content's first bytes, in the words of `Oddity.text`; None where it is none of the usual ones."""
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
    """The kind of an unreadable file.

    Args:
        message: of the `ImageError` that decoding raised.
        data: the file's content; None if there is no file that can be read.
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
    """What is odd about a file that was read: (kind, words).

    Args:
        name: of the file, for its ending.
        data: its content.
        shape: of its picture, (H, W) or (H, W, 3).
    """
    found: list[tuple[Kind, str]] = []
    kind, suffix = file_format(data), PurePosixPath(name).suffix.lower()
    if kind is not None and suffix not in _SUFFIXES[kind]:
        found.append(("wrong_extension", f"is a {kind} file, though its name ends in {suffix or 'nothing'!r}"))
    count = _pictures(data) if kind in _MANY_PICTURES else 1
    if count > 1:
        found.append(("animated", f"holds {count} pictures; only the first is used"))
    if shape[0] * shape[1] > HUGE_PIXELS or len(data) > HUGE_BYTES:
        found.append(("huge", f"{shape[1]:,} x {shape[0]:,} pixels, {len(data) / 1e6:.1f} MB"))
    return found


def _pictures(data: bytes) -> int:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return int(getattr(image, "n_frames", 1))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return 1  # the pixels were read: what the file says about further ones does not matter
