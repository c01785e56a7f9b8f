"""Small pictures for a page: read fast, put side by side into one sprite a class, encoded as WebP."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from sketchfit.data.images import ImageError, decode
from sketchfit.data.resize import to_square

COLUMNS = 12
"""Thumbnails side by side in a sprite."""


def thumbnail(path: Path, side: int, max_pixels: int = 100_000_000) -> NDArray[np.uint8]:
    """A drawing, padded to a square of `side` pixels; grey with a cross where it can't be read.

    A JPEG is decoded at a fraction of its size, which its format makes cheap.

    Returns:
        uint8 [side, side, C], C in {1, 3}.
    """
    image = _fast_jpeg(path, side, max_pixels) if path.suffix.lower() in {".jpg", ".jpeg"} else None
    if image is None:
        try:
            image = decode(path, max_pixels=max_pixels)
        except (ImageError, OSError):
            return _crossed(side)
    return to_square(image if image.ndim == 3 else image[:, :, None], side, "pad")[0]


def thumbnails(paths: Sequence[Path], side: int, threads: int = 2) -> list[NDArray[np.uint8]]:
    """Thumbnails of many drawings, in their order."""
    cv2.setNumThreads(1)
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda path: thumbnail(path, side), paths))


def sprite(pictures: Sequence[NDArray[np.uint8]], quality: int = 45) -> bytes:
    """Pictures of one size, row by row in `COLUMNS` columns, as one WebP file.

    Args:
        pictures: uint8 [S, S, C] each, C in {1, 3}.
        quality: 1 … 100.
    """
    side = pictures[0].shape[0]
    colour = any(picture.shape[2] == 3 for picture in pictures)
    rows = -(-len(pictures) // COLUMNS)
    columns = min(COLUMNS, len(pictures))
    sheet = np.full((rows * side, columns * side, 3 if colour else 1), 255, dtype=np.uint8)
    for place, picture in enumerate(pictures):
        top, left = place // COLUMNS * side, place % COLUMNS * side
        sheet[top : top + side, left : left + side] = picture
    return webp(sheet, quality)


def webp(picture: NDArray[np.uint8], quality: int = 60) -> bytes:
    """uint8 [H, W, C] as a WebP file."""
    image = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=quality, method=2)
    return stream.getvalue()


def data_uri(content: bytes, kind: str = "image/webp") -> str:
    """A file's content as a `data:` address."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _fast_jpeg(path: Path, side: int, max_pixels: int) -> NDArray[np.uint8] | None:
    try:
        with Image.open(path, formats=("JPEG",)) as image:
            if image.width * image.height > max_pixels or image.mode not in {"L", "RGB"}:
                return None
            image.draft(image.mode, (2 * side, 2 * side))
            upright = ImageOps.exif_transpose(image)
            return np.asarray(upright, dtype=np.uint8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None  # the strict decoder says what is wrong with it


def _crossed(side: int) -> NDArray[np.uint8]:
    picture = np.full((side, side, 1), 225, dtype=np.uint8)
    cv2.line(picture, (4, 4), (side - 5, side - 5), (120.0,), 1)
    cv2.line(picture, (4, side - 5), (side - 5, 4), (120.0,), 1)
    return picture
