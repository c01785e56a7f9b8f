"""The result of decoding an image file, and the error where there is none."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from sketchfit.data.decoders import large

LEAST_SHARE = 0.1
"""Of a damaged image, at least this share must be decoded; otherwise it counts as unreadable."""

DECODER_ERRORS = (
    OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, SyntaxError, EOFError,
    NotImplementedError, RuntimeError, MemoryError, struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip
"""What decoders raise for content that they do not understand."""


class ImageError(Exception):
    """A file without a usable image.

    The message is what is wrong, without the name of the file, which the caller adds.
    """


@dataclass(frozen=True)
class Decoded:
    """A decoded image.

    Attributes:
        pixels: uint8 [H, W] or [H, W, 3] RGB.
        damage: empty for a complete file; otherwise what is wrong with it. What could not be decoded is white.
        factor: by which the sides of the file's image were divided; see `large`.
        peak: the largest value of a 16-bit file that uses at most 12 bits, so that it is nearly black; else None. Of
            colour, and of grey with opacity, only the upper 8 bits are known: no value is larger.
    """

    pixels: NDArray[np.uint8]
    damage: str = ""
    factor: int = 1
    peak: int | None = None


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Refuse an image with more pixels than the limit; wait until there is room for a large one.

    Raises:
        ImageError: it has more.
    """
    if width * height > max_pixels:
        raise ImageError(f"{width} x {height} pixels is more than the limit of {max_pixels:,} pixels")
    large.claim(width * height)


def explain(error: BaseException) -> str:
    """Return what is wrong with a file, from a decoder's error."""
    if isinstance(error, UnidentifiedImageError):
        return "is not an image in a supported format"
    if isinstance(error, Image.DecompressionBombError):
        return f"too many pixels: {error}"
    text = str(error) or type(error).__name__
    if re.search(r"truncated|Premature end of JPEG|Truncated", text):
        return f"image is truncated ({text})"
    return f"image is damaged ({text})"


def damage_text(what: str, share: float) -> str:
    """Return a text about damage that left a share of the image (0 … 1)."""
    return what if share >= 1 else f"{what}; {int(100 * share)} % of it is decoded, the rest is white"
