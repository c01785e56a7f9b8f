"""Recognise files that are not a complete image, and images that are not what they seem."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from PIL import Image

from sketchfit.data.decoders.formats import HEAD, format_of
from sketchfit.data.images import Decoded

Kind = Literal[
    "missing", "empty", "truncated", "damaged", "too_large", "not_an_image", "no_decoder",
    "incomplete", "wrong_extension", "animated", "huge", "narrow",
]  # fmt: skip
UNREADABLE: tuple[Kind, ...] = (
    "missing", "empty", "truncated", "damaged", "too_large", "not_an_image", "no_decoder",
)  # fmt: skip
"""Kinds of files without a usable image; files of the other kinds are read."""

DAMAGED: tuple[Kind, ...] = ("incomplete",)
"""Kinds of files of which a part is decoded and used."""

HUGE_PIXELS = 25_000_000
"""Larger images are reported: decoding them takes longer than everything else in an epoch."""
HUGE_BYTES = 20_000_000

_MULTIPLE_IMAGES = ("PNG", "GIF", "WebP", "TIFF", "AVIF")


@dataclass(frozen=True)
class Oddity:
    """One file with something wrong or unusual; `path` relative to the data root."""

    path: str
    split: str
    kind: Kind
    text: str


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
    found = format_of(data[:HEAD])
    if found is not None and not found.is_installed:
        return "no_decoder"
    return "not_an_image" if found is None else "damaged"


def oddities_of(name: str, data: bytes, image: Decoded) -> list[tuple[Kind, str]]:
    """Return what is unusual about a file that was read: (kind, text).

    Args:
        name: of the file, for its suffix.
        data: its content.
        image: as decoded.
    """
    found: list[tuple[Kind, str]] = []
    if image.damage:
        found.append(("incomplete", image.damage))
    kind, suffix, shape = (
        format_of(data[:HEAD]),
        PurePosixPath(name).suffix.lower(),
        tuple(image.factor * side for side in image.pixels.shape[:2]),
    )
    if kind is not None and suffix and suffix not in kind.suffixes:
        found.append(("wrong_extension", f"is a {kind.name} file, though its name ends in {suffix!r}"))
    count = _count_images(data) if kind is not None and kind.name in _MULTIPLE_IMAGES else 1
    if count > 1:
        found.append(("animated", f"contains {count} images; only the first is used"))
    if shape[0] * shape[1] > HUGE_PIXELS or len(data) > HUGE_BYTES:
        found.append(("huge", f"{shape[1]:,} x {shape[0]:,} pixels, {len(data) / 1e6:.1f} MB"))
    if image.peak is not None:
        found.append(("narrow", f"has 16 bits and no value above {image.peak:,}: it is nearly black"))
    return found


def _count_images(data: bytes) -> int:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return int(getattr(image, "n_frames", 1))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return 1  # the first image was read; further ones are not needed
