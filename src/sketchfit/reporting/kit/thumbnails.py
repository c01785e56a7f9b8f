"""Small pictures for a page: read quickly, tiled into one image, encoded as WebP."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from sketchfit.data.images import ImageError, decode
from sketchfit.data.in_threads import in_threads
from sketchfit.data.resize import to_square
from sketchfit.regular import check_regular

Pixels = NDArray[np.uint8]
"""An image, uint8 [H, W, C], C in {1, 3}, RGB."""

LONGEST_WEBP = 16_383
"""Pixels of the longer side of a WebP file: a limit of the format."""


def thumbnail(path: Path, side: int, max_pixels: int = 100_000_000) -> Pixels:
    """Read a drawing, padded to a square; a grey square with a cross where it can't be read.

    A JPEG is decoded at a fraction of its size, which its format makes cheap.

    Args:
        path: image file.
        side: of the square, in pixels.
        max_pixels: an image with more counts as unreadable.

    Returns:
        uint8 [side, side, C], C in {1, 3}.
    """
    image = _fast_jpeg(path, side, max_pixels) if path.suffix.lower() in {".jpg", ".jpeg"} else None
    if image is None:
        try:
            image = decode(path, max_pixels=max_pixels)
        except (ImageError, OSError):
            return _crossed(side)
    return square(image, side)


def thumbnails(paths: Sequence[Path], side: int, threads: int = 2) -> list[Pixels]:
    """Read many drawings, in their order."""
    cv2.setNumThreads(1)
    return list(in_threads(lambda path: thumbnail(path, side), paths, threads))


def from_jpeg(content: bytes) -> Pixels:
    """Decode a JPEG file that sketchfit wrote itself.

    Raises:
        ValueError: it is damaged.
    """
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise ValueError("a stored thumbnail is damaged: remove the cache")
    return np.asarray(image[:, :, None] if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def square(image: Pixels, side: int) -> Pixels:
    """Resize to a square of `side` pixels, padded in the colour of the paper. `image` may lack the channel axis."""
    return to_square(image if image.ndim == 3 else image[:, :, None], side, "pad")[0]


def tiled(pictures: Sequence[Pixels], columns: int) -> Pixels:
    """Put pictures of one size side by side, row by row, on white.

    Args:
        pictures: one or more, uint8 [S, S, C].
        columns: at most so many in a row.
    """
    side, channels = pictures[0].shape[0], max(picture.shape[2] for picture in pictures)
    rows, columns = -(-len(pictures) // columns), min(columns, len(pictures))
    sheet = np.full((rows * side, columns * side, channels), 255, dtype=np.uint8)
    for place, picture in enumerate(pictures):
        top, left = place // columns * side, place % columns * side
        sheet[top : top + side, left : left + side] = picture
    return sheet


def most_tiled(side: int, columns: int) -> int:
    """Return how many pictures of `side` pixels fit into one WebP file with so many columns."""
    return columns * (LONGEST_WEBP // side)


def webp(picture: Pixels, quality: int = 60) -> bytes:
    """Encode as a WebP file; `quality` is 1 … 100."""
    image = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=quality, method=2)
    return stream.getvalue()


def data_uri(content: bytes, kind: str = "image/webp") -> str:
    """Write a file's content as a `data:` address."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _fast_jpeg(path: Path, side: int, max_pixels: int) -> Pixels | None:
    try:
        check_regular(path)
        with Image.open(path, formats=("JPEG",)) as image:
            if image.width * image.height > max_pixels or image.mode not in {"L", "RGB"}:
                return None
            image.draft(image.mode, (2 * side, 2 * side))
            upright = ImageOps.exif_transpose(image)
            return np.asarray(upright, dtype=np.uint8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None  # `decode` reports what is wrong with it


def _crossed(side: int) -> Pixels:
    picture = np.full((side, side, 1), 225, dtype=np.uint8)
    cv2.line(picture, (4, 4), (side - 5, side - 5), (120.0,), 1)
    cv2.line(picture, (4, side - 5), (side - 5, 4), (120.0,), 1)
    return picture
